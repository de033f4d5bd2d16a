"""A code system as a table of its concepts, with the hierarchy that stands in it.

https://hl7.org/fhir/R4/codesystem.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from shared.fhir.reader import JsonObject

# The two that R4 names, and what HL7's own systems of its time call them.
_PARENT: Final = frozenset({"parent", "subsumedBy"})
_NOT_SELECTABLE: Final = frozenset({"notSelectable", "abstract"})
_OUT_OF_USE: Final = frozenset({"retired", "inactive"})


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept: what stands of it in its system, and the codes right above it."""

    code: str
    stated: JsonObject
    parents: tuple[str, ...]

    @property
    def display(self) -> str | None:
        """What it is called."""
        return self.stated.get("display")

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it may be called."""
        designations = (each["value"] for each in self.stated.get("designation", ()))
        return tuple(name for name in (self.display, *designations) if name is not None)

    @property
    def is_abstract(self) -> bool:
        """Tell whether it only groups others, and is not chosen itself."""
        return any(value is True for name in _NOT_SELECTABLE for value in self.values(name))

    @property
    def is_inactive(self) -> bool:
        """Tell whether it is not used any more."""
        out_of_use = any(value in _OUT_OF_USE for value in self.values("status"))
        return out_of_use or any(value is True for value in self.values("inactive"))

    def values(self, name: str) -> Iterator[Any]:
        """Give the values of one of its properties."""
        for each in self.stated.get("property", ()):
            if each["code"] == name:
                yield next((each[key] for key in each if key.startswith("value")), None)


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """A code system: what is said about it, its concepts in their order, and who is below whom."""

    stated: JsonObject
    concepts: Mapping[str, Concept]
    below: Mapping[str, tuple[str, ...]]

    @property
    def url(self) -> str:
        """What a Coding calls it."""
        url: str = self.stated.get("url", "")
        return url

    @property
    def version(self) -> str | None:
        """Its version, where it says one."""
        return self.stated.get("version")

    @property
    def is_complete(self) -> bool:
        """Tell whether all of its concepts are listed, so that any other code is not one."""
        return self.stated.get("content") == "complete"

    def find(self, code: str) -> Concept | None:
        """Find a concept; a system says itself that the case of its codes does not matter."""
        found = self.concepts.get(code)
        if found is not None or self.stated.get("caseSensitive", True):
            return found
        folded = code.casefold()
        return next(
            (each for each in self.concepts.values() if each.code.casefold() == folded), None
        )

    def descendants(self, code: str) -> set[str]:
        """Name everything below a concept, at any depth."""
        return _reached(code, lambda each: self.below.get(each, ()))

    def ancestors(self, code: str) -> set[str]:
        """Name everything above a concept, at any height."""
        return _reached(
            code, lambda each: self.concepts[each].parents if each in self.concepts else ()
        )


def _reached(code: str, steps: Callable[[str], Iterable[str]]) -> set[str]:
    found: set[str] = set()
    left = list(steps(code))
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += steps(each)
    return found


def code_system_of(resource: JsonObject) -> CodeSystem:
    """Read a CodeSystem, which must be valid."""
    nested = list(_walk(resource.get("concept", ()), None))
    parents: dict[str, set[str]] = {each["code"]: set() for each, _ in nested}
    for each, above in nested:
        for child, parent in _edges(each, above):
            parents.setdefault(child, set()).add(parent)
    concepts = {
        each["code"]: Concept(each["code"], each, tuple(sorted(parents[each["code"]])))
        for each, _ in nested
    }
    below: dict[str, list[str]] = {}
    for concept in concepts.values():
        for parent in concept.parents:
            below.setdefault(parent, []).append(concept.code)
    stated = {name: value for name, value in resource.items() if name != "concept"}
    return CodeSystem(stated, concepts, {code: tuple(codes) for code, codes in below.items()})


def _walk(
    concepts: Iterable[JsonObject], above: str | None
) -> Iterator[tuple[JsonObject, str | None]]:
    for concept in concepts:
        yield concept, above
        yield from _walk(concept.get("concept", ()), concept["code"])


def _edges(concept: JsonObject, above: str | None) -> Iterator[tuple[str, str]]:
    """Give (child, parent) pairs: a hierarchy stands in the nesting, in properties, or in both."""
    if above is not None:
        yield concept["code"], above
    for each in concept.get("property", ()):
        if each["code"] in _PARENT and "valueCode" in each:
            yield concept["code"], each["valueCode"]
        elif each["code"] == "child" and "valueCode" in each:
            yield each["valueCode"], concept["code"]
