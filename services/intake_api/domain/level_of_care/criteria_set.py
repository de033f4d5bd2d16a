"""What a criteria set is: criteria, how evidence gives each a value, and rules in their order.

Every fact of a set stands in its JSON, with its source; nothing here knows a criterion by name.
Groups share no criterion, which makes the list of what is missing exact.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from services.intake_api.domain.level_of_care.kleene import Truth, conjunction, disjunction
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from shared.fhir.reader import JsonObject

Outcome = Literal[
    "higher",
    "lower",
    "recommend-iop",
    "recommend-iop-with-conditions",
    "insufficient-information",
]
# When somebody is looked at: on the way into the programme, or while in it.
Phase = Literal["entry", "programme"]
UNDECIDED: Final[Outcome] = "insufficient-information"


@dataclass(frozen=True, slots=True)
class Selection:
    """Resources of a type whose elements have one of the codes named."""

    type: str
    elements: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Naming:
    """What must name a piece of evidence for it to count, and by which elements."""

    selection: Selection
    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A derivation: the latest resource that is selected, if it passes, gives the value.

    It passes with one of the `answers` (any, where none is listed), a number of `at_least` or
    `at_most`, elements as in `having`, and not longer ago than `within_days`. Of `consecutive`
    ones each must pass; with `of_each_code` the latest of each code that there is. By an
    `hours_policy` all orders count together. A row with a `phase` counts in that phase only.
    """

    id: str
    value: Truth
    source: str
    selection: Selection
    named_by: Naming | None
    having: Mapping[str, tuple[str, ...]]
    answers: tuple[str, ...]
    at_least: int | None
    at_most: int | None
    within_days: int | None
    consecutive: int
    of_each_code: bool
    hours_policy: str | None
    phase: Phase | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion; of its rows the first that passes gives the value that nobody judged.

    `deciding` ones count in the groups of their kind; a `safety` one that is unknown holds
    everything up. `advice` says what to do about it where it stands in the way.
    """

    id: str
    text: str
    kind: str
    deciding: bool
    safety: bool
    advice: str | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Deciding criteria that count together: any of them, or all."""

    id: str
    quantifier: Literal["any", "all"]
    members: tuple[str, ...]

    def value(self, values: Mapping[str, Truth]) -> Truth:
        """Combine the values of the members."""
        combine = disjunction if self.quantifier == "any" else conjunction
        return combine([values[member] for member in self.members])

    def witnesses(self, values: Mapping[str, Truth]) -> tuple[str, ...]:
        """Name the members that by themselves decide the group."""
        decisive = self.quantifier == "any"
        return tuple([member for member in self.members if values[member] is decisive])


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires when each group named has the value named; `names` tells whose members explain it."""

    id: str
    outcome: Outcome
    when: Mapping[str, bool]
    safety_unknown: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CriteriaSet:
    """A published set of criteria; `content` is its JSON as published. Each is equal to itself."""

    url: str
    version: str
    title: str
    criteria: tuple[Criterion, ...]
    groups: tuple[Group, ...]
    rules: tuple[Rule, ...]
    content: JsonObject

    @property
    def canonical(self) -> str:
        """Name this version of the set."""
        return f"{self.url}|{self.version}"

    @property
    def hash(self) -> str:
        """Give the SHA-256 of the set's canonical JSON: members sorted, no white space."""
        return hashlib.sha256(canonical(self.content)).hexdigest()

    def in_order(self, named: Container[str]) -> tuple[str, ...]:
        """Put the criteria that are named in the order of the set."""
        return tuple([each.id for each in self.criteria if each.id in named])

    @property
    def safety(self) -> tuple[str, ...]:
        """Name the criteria without whose value nothing may be recommended."""
        return tuple(criterion.id for criterion in self.criteria if criterion.safety)


def parsed(content: JsonObject) -> CriteriaSet:
    """Read a criteria set from its JSON."""
    criteria = tuple(map(_criterion, content["criteria"]))
    return CriteriaSet(
        content["url"],
        content["version"],
        content["title"],
        criteria,
        tuple(_group(each, criteria) for each in content["groups"]),
        tuple(map(_rule, content["rules"])),
        content,
    )


def _criterion(told: dict[str, Any]) -> Criterion:
    return Criterion(
        told["id"],
        told["text"],
        told["kind"],
        told["deciding"],
        told.get("safety", False),
        told.get("advice"),
        tuple(map(_row, told.get("rows", ()))),
    )


def _row(told: dict[str, Any]) -> Row:
    naming = told.get("namedBy")
    return Row(
        id=told["id"],
        value=told["value"],
        source=told["source"],
        selection=_selection(told),
        named_by=Naming(_selection(naming), tuple(naming["elements"])) if naming else None,
        having=_codes(told.get("having", {})),
        answers=tuple(told.get("answers", ())),
        at_least=told.get("atLeast"),
        at_most=told.get("atMost"),
        within_days=told.get("withinDays"),
        consecutive=told.get("consecutive", 1),
        of_each_code=told.get("ofEachCode", False),
        hours_policy=told.get("hoursPolicy"),
        phase=told.get("phase"),
    )


def _selection(told: dict[str, Any]) -> Selection:
    return Selection(told["type"], _codes(told["select"]))


def _codes(told: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {element: tuple(codes) for element, codes in told.items()}


def _group(told: dict[str, Any], criteria: tuple[Criterion, ...]) -> Group:
    members = (each.id for each in criteria if each.deciding and each.kind in told["kinds"])
    return Group(told["id"], told["quantifier"], tuple(members))


def _rule(told: dict[str, Any]) -> Rule:
    safety_unknown = told.get("safetyUnknown", False)
    names = tuple(told.get("names", ()))
    return Rule(told["id"], told["outcome"], told.get("when", {}), safety_unknown, names)
