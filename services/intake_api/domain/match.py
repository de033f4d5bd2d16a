"""How well a person who is known agrees with one who is looked for: reasons, points, a grade.

Each element that both have is compared once, and its finding counts a fixed number of points, so
that the score can be recomputed from its reasons. Who agrees on more never scores less. A name
alone makes nobody more than possible, and a score merges nobody: a person decides.
https://hl7.org/fhir/R4/patient-operation-match.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.fhir.search.fold import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.fhir.reader import JsonObject

Finding = Literal["agrees", "partly", "contradicts"]
Grade = Literal["certain", "probable", "possible", "certainly-not"]

# Of 100, which an identifier, a birth date and a name reach.
_POINTS: Final[dict[tuple[str, Finding], int]] = {
    ("identifier", "agrees"): 60,
    ("identifier", "contradicts"): -20,
    ("birthDate", "agrees"): 20,
    ("birthDate", "partly"): 8,
    ("birthDate", "contradicts"): -30,
    ("family", "agrees"): 12,
    ("given", "agrees"): 8,
    ("given", "partly"): 3,
    ("gender", "agrees"): 3,
    ("gender", "contradicts"): -8,
    ("telecom", "agrees"): 8,
    ("address", "agrees"): 8,
    ("address", "partly"): 3,
}
_WHOLE: Final = 100
# Less is nothing to look at: a gender, or a part of a date.
_LEAST: Final = 10
_DIGITS: Final = re.compile(r"\D")
_PHONE_DIGITS: Final = 10
_DAY: Final = len("1980-02-29")


@dataclass(frozen=True, slots=True)
class Reason:
    """What was compared, and what came of it."""

    element: str
    finding: Finding

    @property
    def points(self) -> int:
        """How much it counts."""
        return _POINTS[self.element, self.finding]


@dataclass(frozen=True, slots=True)
class Match:
    """How well somebody agrees, and why."""

    reasons: tuple[Reason, ...]

    @property
    def points(self) -> int:
        """The sum of the reasons, from 0 to 100."""
        return min(max(sum(each.points for each in self.reasons), 0), _WHOLE)

    @property
    def score(self) -> float:
        """The points as R4 has a score: from 0 to 1."""
        return self.points / _WHOLE

    @property
    def grade(self) -> Grade:
        """Put the reasons into one of R4's four words."""
        agreed = {each.element for each in self.reasons if each.finding == "agrees"}
        contradicted = any(each.finding == "contradicts" for each in self.reasons)
        if self.points < _LEAST:
            return "certainly-not"
        if contradicted:
            return "possible"
        # Twins share a birth date, and may share an insurance number.
        if {"identifier", "birthDate", "given"} <= agreed:
            return "certain"
        described = {"birthDate", "family", "given"} <= agreed
        if "identifier" in agreed or (described and agreed & {"telecom", "address"}):
            return "probable"
        return "possible"


def match(wanted: JsonObject, known: JsonObject) -> Match:
    """Compare two Patients."""
    found = ((element, compare(wanted, known)) for element, compare in _COMPARISONS)
    return Match(tuple(Reason(element, finding) for element, finding in found if finding))


def _identifier(wanted: JsonObject, known: JsonObject) -> Finding | None:
    return "agrees" if set(identifiers_of(wanted)) & set(identifiers_of(known)) else None


def _other_identifier(wanted: JsonObject, known: JsonObject) -> Finding | None:
    one, other = set(identifiers_of(wanted)), set(identifiers_of(known))
    both = {system for system, _ in one} & {system for system, _ in other}
    return "contradicts" if both - {system for system, _ in one & other} else None


def _birth_date(wanted: JsonObject, known: JsonObject) -> Finding | None:
    one, other = wanted.get("birthDate"), known.get("birthDate")
    if one is None or other is None:
        return None
    if one == other and len(one) == _DAY:
        return "agrees"
    # A year, or a month, agrees with each day in it.
    return "partly" if one.startswith(other) or other.startswith(one) else "contradicts"


def _family(wanted: JsonObject, known: JsonObject) -> Finding | None:
    return "agrees" if _families(wanted) & _families(known) else None


def _given(wanted: JsonObject, known: JsonObject) -> Finding | None:
    one, other = _givens(wanted), _givens(known)
    if one & other:
        return "agrees"
    initials = {name[0] for name in one} & {name[0] for name in other}
    return "partly" if initials else None


def _gender(wanted: JsonObject, known: JsonObject) -> Finding | None:
    one, other = wanted.get("gender"), known.get("gender")
    if one is None or other is None or "unknown" in {one, other}:
        return None
    return "agrees" if one == other else "contradicts"


def _telecom(wanted: JsonObject, known: JsonObject) -> Finding | None:
    return "agrees" if set(_contacts(wanted)) & set(_contacts(known)) else None


def _address(wanted: JsonObject, known: JsonObject) -> Finding | None:
    one, other = list(_addresses(wanted)), list(_addresses(known))
    pairs = [(a, b) for a in one for b in other if a[0] == b[0]]
    if any(a[1] & b[1] for a, b in pairs):
        return "agrees"
    return "partly" if pairs else None


_COMPARISONS: Final[tuple[tuple[str, Callable[[JsonObject, JsonObject], Finding | None]], ...]] = (
    ("identifier", _identifier),
    # One system of identifiers may agree, and another contradict.
    ("identifier", _other_identifier),
    ("birthDate", _birth_date),
    ("family", _family),
    ("given", _given),
    ("gender", _gender),
    ("telecom", _telecom),
    ("address", _address),
)


def identifiers_of(patient: JsonObject) -> Iterator[tuple[str, str]]:
    """Give the system and value of each identifier that has both."""
    for each in patient.get("identifier", ()):
        if "system" in each and "value" in each:
            yield each["system"], each["value"]


def _families(patient: JsonObject) -> set[str]:
    return _folded(name.get("family") for name in patient.get("name", ()))


def _givens(patient: JsonObject) -> set[str]:
    return _folded(each for name in patient.get("name", ()) for each in name.get("given", ()))


def _folded(texts: Iterator[Any]) -> set[str]:
    # A text may be missing where an extension says why.
    return {folded for text in texts if isinstance(text, str) and (folded := fold(text))}


def _contacts(patient: JsonObject) -> Iterator[tuple[str, str]]:
    for each in patient.get("telecom", ()):
        value = each.get("value", "")
        if "@" in value:
            yield "email", value.casefold().strip()
        elif len(digits := _DIGITS.sub("", value)) >= _PHONE_DIGITS:
            # With or without the country.
            yield "phone", digits[-_PHONE_DIGITS:]


def _addresses(patient: JsonObject) -> Iterator[tuple[str, set[str]]]:
    for each in patient.get("address", ()):
        place = fold(each.get("postalCode", "")) or fold(each.get("city", ""))
        if place:
            yield place, _folded(iter(each.get("line", ())))
