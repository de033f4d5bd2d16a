"""All members of a value set, in the order in which it is composed.

https://hl7.org/fhir/R4/valueset.html#expansion
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.fhir.search.fold import fold
from shared.fhir.terminology.errors import CannotTell
from shared.fhir.terminology.filters import selected
from shared.fhir.terminology.holdings import system_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from shared.fhir.reader import JsonObject
    from shared.fhir.terminology.code_system import CodeSystem, Concept
    from shared.fhir.terminology.holdings import Holdings


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its code, what it is called in the value set, and its concept if that is held."""

    system: str
    code: str
    listed: JsonObject
    concept: Concept | None

    @property
    def display(self) -> str | None:
        """What it is called: in the value set, or else in its code system."""
        own: str | None = self.listed.get("display")
        return own if own is not None or self.concept is None else self.concept.display

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it may be called, in the value set and in its code system."""
        designations = (each["value"] for each in self.listed.get("designation", ()))
        of_concept = () if self.concept is None else self.concept.names
        own = (self.listed.get("display"), *designations)
        return (*(name for name in own if name is not None), *of_concept)

    @property
    def is_inactive(self) -> bool:
        """Tell whether it is known not to be used any more."""
        return self.concept is not None and self.concept.is_inactive

    def answers_to(self, text: str) -> bool:
        """Tell whether each word of a text begins a word of what it is called, or is its code."""
        words = [word for name in self.names for word in fold(name).split()]
        asked = fold(text).split()
        by_name = all(any(word.startswith(each) for word in words) for each in asked)
        return by_name or self.code.casefold() == text.strip().casefold()


_Members = dict[tuple[str, str], Member]


def expand(holdings: Holdings, value_set: JsonObject) -> list[Member]:
    """List the members of a value set.

    :raises CannotTell: when what is held does not tell all of them.
    """
    return list(_expanded(holdings, value_set, ()).values())


def _expanded(holdings: Holdings, value_set: JsonObject, above: tuple[str, ...]) -> _Members:
    url = value_set.get("url", "")
    if url and url in above:
        raise CannotTell(f"The value set {url} imports itself.")
    compose = value_set.get("compose")
    if compose is None:
        raise CannotTell("The value set does not say what it is composed of.")
    path = (*above, url)
    found: _Members = {}
    for part in compose["include"]:
        for key, member in _by(holdings, part, path).items():
            found.setdefault(key, member)
    for part in compose.get("exclude", ()):
        out = _by(holdings, part, path)
        found = {key: member for key, member in found.items() if key not in out}
    if compose.get("inactive") is False:
        found = {key: member for key, member in found.items() if not member.is_inactive}
    return found


def _by(holdings: Holdings, part: JsonObject, path: tuple[str, ...]) -> _Members:
    """List what a part selects: what its own system and each imported value set have in common."""
    imported = [_imported(holdings, url, path) for url in part.get("valueSet", ())]
    if "system" in part:
        imported.insert(0, {(part["system"], m.code): m for m in _of_system(holdings, part)})
    first, *others = imported
    return {key: member for key, member in first.items() if all(key in each for each in others)}


def _imported(holdings: Holdings, url: str, path: tuple[str, ...]) -> _Members:
    value_set = holdings.value_sets.get(url)
    if value_set is None:
        raise CannotTell(f"The value set {url} is not held here.")
    return _expanded(holdings, value_set, path)


def _of_system(holdings: Holdings, part: JsonObject) -> Iterable[Member]:
    url = part["system"]
    system = holdings.code_systems.get(system_of(part))
    if "concept" in part:
        for listed in part["concept"]:
            concept = None if system is None else system.find(listed["code"])
            yield Member(url, listed["code"], listed, concept)
        return
    if system is None:
        raise CannotTell(f"The code system {system_of(part)} is not held here.")
    passing = _passing(system, part)
    for concept in system.concepts.values():
        if concept.code in passing:
            yield Member(url, concept.code, {}, concept)


def _passing(system: CodeSystem, part: JsonObject) -> Collection[str]:
    if "filter" in part:
        return selected(system, part["filter"])
    if not system.is_complete:
        raise CannotTell(f"Only a part of the code system {system.url} is held here.")
    return system.concepts.keys()
