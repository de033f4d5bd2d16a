"""The hours that ServiceRequests plan for a week, and the policies that ask for so many.

The policies are data; each names the ActivityDefinitions that count for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from fractions import Fraction
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

from shared.care.canonical import CANONICAL
from shared.care.planned_sessions import runs_on
from shared.care.timing import WEEKDAYS, weekly_minutes
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, tzinfo

    from shared.fhir.reader import JsonObject

Verdict = Literal["met", "short", "over"]

_PROGRAMME: Final = "iop"
_OLDEST: Final = 1000
_PLANNED: Final = frozenset({"draft", "active"})


@dataclass(frozen=True, slots=True)
class HoursPolicy:
    """How many hours a week are asked for, which activities count towards them, and for whom."""

    name: str
    version: str
    title: str
    source: str
    minimum: int
    maximum: int | None
    counted: frozenset[str]
    # What is held against the hours, a week's `planned` or its `delivered`, and how it is counted.
    tested: str
    week_begins: int
    takes_breaks_off: bool
    # The numbers of services a day between which a payer distinguishes, if any does.
    services_per_day: tuple[int, ...]
    programme: str
    from_age: int
    below_age: int

    def counts(self, request: JsonObject) -> bool:
        """Tell whether a ServiceRequest is of an activity that counts."""
        return not self.counted.isdisjoint(activities_of(request))

    @property
    def canonical(self) -> str:
        """Its name and version."""
        return f"{self.name}|{self.version}"

    def applies(self, age: int | None) -> bool:
        """Tell whether it is about a person of the intensive outpatient programme."""
        return self.programme == _PROGRAMME and (
            age is None or self.from_age <= age < self.below_age
        )

    def verdict(self, minutes: Fraction) -> Verdict:
        """Compare planned minutes with what is asked."""
        if minutes < self.minimum * 60:
            return "short"
        return "over" if self.maximum is not None and minutes > self.maximum * 60 else "met"


def _policy(told: JsonObject) -> HoursPolicy:
    return HoursPolicy(
        name=told["name"],
        version=told["version"],
        title=told["title"],
        source=told["source"],
        minimum=told["minimum"],
        maximum=told.get("maximum"),
        counted=frozenset(f"{CANONICAL}/ActivityDefinition/{each}" for each in told["counted"]),
        tested=told["tested"],
        week_begins=WEEKDAYS.index(told["weekBegins"]),
        takes_breaks_off=told["breaks"] == "subtracted",
        services_per_day=tuple(told.get("servicesPerDay", ())),
        programme=told["appliesTo"]["programme"],
        from_age=told["appliesTo"].get("fromAge", 0),
        below_age=told["appliesTo"].get("belowAge", _OLDEST),
    )


_DATA: Final = read(files("shared.care").joinpath("hours_policies.json").read_bytes())
POLICIES: Final = tuple(_policy(each) for each in _DATA["policies"])
# No session is believed to last longer, to leave out mistaken dates; in microseconds.
LONGEST_VISIT: Final[int] = _DATA["longestVisitHours"] * 3_600_000_000
# Below this one a plan does not become active.
REQUIRED: Final = next(each for each in POLICIES if each.name == _DATA["required_to_activate"])


def activities_of(request: JsonObject) -> list[str]:
    """Name the definitions that a request follows, without their versions."""
    return [each.partition("|")[0] for each in request.get("instantiatesCanonical", ())]


def planned_minutes(
    requests: Iterable[JsonObject],
    policy: HoursPolicy,
    day: date,
    zone: tzinfo = UTC,
    period: JsonObject | None = None,
) -> Fraction:
    """Add up what is planned for a week around a day and counts for a policy.

    `period` is that of the plan, since whose beginning an activity may be told to last.
    """
    counted = (e for e in requests if policy.counts(e) and is_planned(e, day, zone, period))
    return sum((weekly_minutes(each["occurrenceTiming"]) for each in counted), Fraction())


def is_planned(
    request: JsonObject, day: date, zone: tzinfo = UTC, period: JsonObject | None = None
) -> bool:
    """Tell whether a request plans a regular activity that runs on a day."""
    timing = request.get("occurrenceTiming")
    if request.get("status") not in _PLANNED or is_as_needed(request) or timing is None:
        return False
    return runs_on(timing, day, zone, period or {})


def is_as_needed(request: JsonObject) -> bool:
    """Tell whether a request is for when it is needed, so that nobody plans it."""
    return bool(request.get("asNeededBoolean")) or "asNeededCodeableConcept" in request
