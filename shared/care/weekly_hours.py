"""The hours that ServiceRequests plan for a week, and the policies that ask for so many.

The policies are data; each names the ActivityDefinitions that count for it.
https://hl7.org/fhir/R4/datatypes.html#Timing
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from fractions import Fraction
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

from shared.care.canonical import CANONICAL
from shared.fhir.dates import date_range
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, tzinfo

    from shared.fhir.reader import JsonObject

Verdict = Literal["met", "short", "over"]

_WEEK_MINUTES: Final = 7 * 24 * 60
# A month and a year as UCUM has them.
_UNIT_MINUTES: Final = {
    "s": Fraction(1, 60),
    "min": Fraction(1),
    "h": Fraction(60),
    "d": Fraction(24 * 60),
    "wk": Fraction(_WEEK_MINUTES),
    "mo": Fraction(43_830),
    "a": Fraction(525_960),
}
_LONGEST: Final = 1e6
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PROGRAMME: Final = "iop"
_OLDEST: Final = 1000
_FINEST: Final = 10_000
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
    requests: Iterable[JsonObject], policy: HoursPolicy, day: date, zone: tzinfo = UTC
) -> Fraction:
    """Add up what is planned for a week around a day and counts for a policy."""
    counted = (each for each in requests if policy.counts(each) and is_planned(each, day, zone))
    return sum((weekly_minutes(each["occurrenceTiming"]) for each in counted), Fraction())


def is_planned(request: JsonObject, day: date, zone: tzinfo = UTC) -> bool:
    """Tell whether a request plans a regular activity that runs on a day."""
    if request.get("status") not in _PLANNED or request.get("asNeededBoolean"):
        return False
    timing = request.get("occurrenceTiming")
    return timing is not None and _covers(
        timing.get("repeat", {}).get("boundsPeriod", {}), day, zone
    )


def weekly_minutes(timing: JsonObject) -> Fraction:
    """Give the mean minutes a week of a regular activity."""
    repeat = timing.get("repeat", {})
    return _times_a_week(repeat) * minutes_of(repeat.get("duration"), repeat.get("durationUnit"))


def session_minutes(timing: JsonObject) -> Fraction:
    """Give the minutes that one session takes; 0 where it is not said."""
    repeat = timing.get("repeat", {})
    return minutes_of(repeat.get("duration"), repeat.get("durationUnit"))


def _times_a_week(repeat: JsonObject) -> Fraction:
    times, unit = Fraction(repeat.get("frequency", 1)), repeat.get("periodUnit")
    if unit == "d" and repeat.get("dayOfWeek"):
        # "Daily on Mondays and Thursdays" is said of two days, not of seven.
        return times * len(repeat["dayOfWeek"])
    period = minutes_of(repeat.get("period", 1), unit)
    return times * _WEEK_MINUTES / period if period else Fraction()


def minutes_of(number: object, unit: str | None) -> Fraction:
    """Give the minutes of a number of some unit of time; 0 where either is not said."""
    if number is None or unit not in _UNIT_MINUTES:
        return Fraction()
    # A decimal may have any exponent, of which an exact fraction would be as long.
    bounded = Fraction(min(float(str(number)), _LONGEST)).limit_denominator(_FINEST)
    return bounded * _UNIT_MINUTES[unit]


def _covers(bounds: JsonObject, day: date, zone: tzinfo) -> bool:
    first, after = date_range(day.isoformat(), zone)
    begins = "start" not in bounds or date_range(bounds["start"], zone)[0] < after
    return begins and ("end" not in bounds or date_range(bounds["end"], zone)[1] > first)
