"""The hours ledger: minutes planned, scheduled and delivered in a week, as a policy counts them.

Each moment counts once, however many sessions overlap.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from shared.care.planned_sessions import are_told, sessions_in
from shared.care.session import Counting, appointments_of, attended, orders_of, scheduled
from shared.care.spans import length, within
from shared.care.timing import bounds_of, weekly_minutes
from shared.care.weekly_hours import LONGEST_VISIT, is_as_needed
from shared.fhir.dates import MAX_TIME, MIN_TIME, date_range, instant, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, tzinfo

    from shared.care.local_week import LocalWeek
    from shared.care.weekly_hours import HoursPolicy
    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

_MINUTE: Final = 60_000_000
_DAY: Final = timedelta(days=1)
_PLANNED: Final = frozenset({"draft", "active", "completed"})
_SCHEDULED: Final = frozenset({"booked", "arrived", "checked-in", "fulfilled"})


@dataclass(frozen=True, slots=True)
class Tally:
    """What a week holds by a policy, in whole minutes, and the services of each day delivered."""

    week: LocalWeek
    planned: int
    scheduled: int
    delivered: int
    services: Mapping[date, int]


@dataclass(frozen=True)
class Ledger:
    """A plan with its orders, and what was booked and attended for them, in the clinic's zone.

    `orders` are all that Appointments and Encounters name, by id, also those that the plan had
    before it was revised; `requests` are those of the plan now.
    """

    plan: JsonObject
    requests: Sequence[JsonObject]
    orders: Mapping[str, JsonObject]
    appointments: Mapping[str, JsonObject]
    encounters: Sequence[JsonObject]
    zone: tzinfo
    bases: tuple[str, ...] = ()

    def tally(self, week: LocalWeek, policy: HoursPolicy) -> Tally:
        """Count a week as a policy does."""
        visits = self._visits(policy)
        return Tally(
            week,
            planned=self._planned_minutes(week, policy),
            scheduled=self._minutes(week, self._scheduled(policy)),
            delivered=self._minutes(week, [span for visit in visits for span in visit]),
            services=self._services(week, visits),
        )

    def is_whole(self, week: LocalWeek) -> bool:
        """Tell whether the plan runs through a whole week."""
        low, high = self._running(self.plan.get("period", {}))
        first, last = week.span(self.zone)
        return low <= first and last <= high

    def _minutes(self, week: LocalWeek, spans: Iterable[Range]) -> int:
        return length(within(spans, [week.span(self.zone)])) // _MINUTE

    def _planned_minutes(self, week: LocalWeek, policy: HoursPolicy) -> int:
        """Count the sessions of a week; of what does not say when it meets, the mean of a week."""
        counted = [e for e in self.requests if policy.counts(e) and self._is_planned(e)]
        period = self.plan.get("period", {})
        # A session of the day before may last into the week.
        days = week.first - _DAY, week.last
        timings = [each["occurrenceTiming"] for each in counted]
        told = [
            (instant(met.start), instant(met.end))
            for each in timings
            if are_told(each, period)
            for met in sessions_in(each, period, self.zone, days)
        ]
        met = length(within(told, [week.span(self.zone)]))
        means = (
            weekly_minutes(each)
            for each in timings
            if not are_told(each, period) and self._runs_in(week, each)
        )
        return int(Fraction(met, _MINUTE) + sum(means, Fraction()))

    def _is_planned(self, request: JsonObject) -> bool:
        is_regular = "occurrenceTiming" in request and not is_as_needed(request)
        return is_regular and request.get("status") in _PLANNED

    def _runs_in(self, week: LocalWeek, timing: JsonObject) -> bool:
        period = self.plan.get("period", {})
        bounds = (bounds_of(timing, period, self.zone), period)
        spans = [week.span(self.zone), *(self._running(each) for each in bounds)]
        return max(low for low, _ in spans) < min(high for _, high in spans)

    def _running(self, period: JsonObject) -> Range:
        low = date_range(period["start"], self.zone)[0] if "start" in period else MIN_TIME
        high = date_range(period["end"], self.zone)[1] if "end" in period else MAX_TIME
        return low, high

    def _scheduled(self, policy: HoursPolicy) -> list[Range]:
        booked = [
            scheduled(each, self.zone)
            for each in self.appointments.values()
            if each.get("status") in _SCHEDULED and self._counts(policy, each)
        ]
        return [span for span in booked if span is not None]

    def _visits(self, policy: HoursPolicy) -> list[list[Range]]:
        """Give the time attended of each Encounter that counts."""
        counting = Counting(self.bases, self.zone, LONGEST_VISIT, policy.takes_breaks_off)
        return [
            attended(each, self.appointments, counting)
            for each in self.encounters
            if self._counts(policy, each, *self._kept(each))
        ]

    def _kept(self, encounter: JsonObject) -> list[JsonObject]:
        ids = appointments_of(encounter, self.bases)
        return [self.appointments[each] for each in ids if each in self.appointments]

    def _counts(self, policy: HoursPolicy, *told: JsonObject) -> bool:
        ids = {i for each in told for i in orders_of(each, self.bases)}
        return any(policy.counts(self.orders[each]) for each in ids if each in self.orders)

    def _services(self, week: LocalWeek, visits: Sequence[Sequence[Range]]) -> dict[date, int]:
        """Count the visits of each day, by the day on which they began."""
        began = (min(visit)[0] for visit in visits if visit)
        days = Counter(moment(each).astimezone(self.zone).date() for each in began)
        return {day: days[day] for day in week.days if day in days}
