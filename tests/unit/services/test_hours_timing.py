"""Planned hours agree with a walk over every minute, for all that a Timing may say of an order."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.care.canonical import CANONICAL
from shared.care.hours_ledger import Ledger
from shared.care.local_week import LocalWeek
from shared.care.weekly_hours import POLICIES, planned_minutes

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONDAY = date(2026, 3, 2)
# In New York the clock is changed in the night to 8 March.
ZONES = ("America/New_York", "UTC")
POLICY = POLICIES[0]
Resource = dict[str, Any]


def order(timing: Resource) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "id": "o",
        "status": "active",
        "instantiatesCanonical": [f"{CANONICAL}/ActivityDefinition/group-therapy|1.0"],
        "occurrenceTiming": timing,
    }


def planned(timing: Resource, period: Resource, week: date, zone: str) -> int:
    plan = {"id": "plan", "period": period}
    ledger = Ledger(plan, [order(timing)], {}, {}, [], ZoneInfo(zone))
    return ledger.tally(LocalWeek(week), POLICY).planned


# The oracle: it walks over days and minutes, and shares no code with the ledger.


class Walk:
    """Every day from the beginning of an activity on, and the minutes of its sessions."""

    def __init__(self, timing: Resource, period: Resource, zone: str) -> None:
        self.timing, self.zone = timing, ZoneInfo(zone)
        self.repeat = timing.get("repeat", {})
        self.plan = date.fromisoformat(period["start"]), date.fromisoformat(period["end"])
        self.bounds = self._bounds()

    def _bounds(self) -> tuple[date, date]:
        if "boundsPeriod" in self.repeat:
            told = self.repeat["boundsPeriod"]
            first, last = told.get("start"), told.get("end")
            return (
                date.fromisoformat(first) if first else self.plan[0],
                date.fromisoformat(last) if last else date.max,
            )
        length = self.repeat.get("boundsDuration") or self.repeat.get("boundsRange", {}).get("high")
        if not length:
            return self.plan[0], date.max
        hours = length["value"] * {"h": 1, "d": 24, "wk": 24 * 7}[length["code"]]
        days = -(-hours // 24)
        return self.plan[0], self.plan[0] + DAY * (days - 1)

    def sessions(self) -> list[datetime]:
        """The first moment of each session, in the plan."""
        begun = []
        day, left = self.bounds[0], self.repeat.get("count", 10**6)
        while day <= min(self.bounds[1], self.plan[1]) and left:
            for text in sorted(self.repeat["timeOfDay"]) if self._meets(day) else []:
                if left:
                    left -= 1
                    begun.append(self._moment(day, text))
            day += DAY
        return [each for each in begun if self._is_inside(each)]

    def _meets(self, day: date) -> bool:
        every = self.repeat["period"]
        if "dayOfWeek" not in self.repeat:
            return bool((day - self.bounds[0]).days % every == 0)
        weeks = 0
        monday = self.bounds[0] - DAY * self.bounds[0].weekday()
        while monday + DAY * 7 * (weeks + 1) <= day:
            weeks += 1
        of_week = self.repeat["periodUnit"] == "d" or weeks % every == 0
        return of_week and WEEKDAYS[day.weekday()] in self.repeat["dayOfWeek"]

    def _moment(self, day: date, text: str) -> datetime:
        wall = datetime.combine(day, time.fromisoformat(text))
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def _is_inside(self, moment: datetime) -> bool:
        return self.plan[0] <= moment.astimezone(self.zone).date() <= self.plan[1]

    def minutes(self, week: date) -> int:
        """Count the minutes of a week, one by one."""
        events = [datetime.fromisoformat(each) for each in self.timing.get("event", ())]
        inside = (e for e in events if self._is_inside(e) and self._is_bounded(e))
        begun = list(inside) if events else self.sessions()
        length = self.repeat["duration"] * {"min": 1, "h": 60}[self.repeat["durationUnit"]]
        met = {each.astimezone(UTC) + MINUTE * n for each in begun for n in range(length)}
        days = {week + DAY * n for n in range(7)}
        return sum(each.astimezone(self.zone).date() in days for each in met)

    def _is_bounded(self, moment: datetime) -> bool:
        return self.bounds[0] <= moment.astimezone(self.zone).date() <= self.bounds[1]


def length(draw: st.DrawFn) -> Resource:
    return {"value": draw(st.integers(1, 30)), "code": draw(st.sampled_from(["h", "d", "wk"]))}


@st.composite
def bounds(draw: st.DrawFn) -> Resource:
    """The bounds of an activity, of each kind, or none."""
    kind = draw(st.sampled_from(["none", "boundsPeriod", "boundsDuration", "boundsRange"]))
    first = MONDAY + DAY * draw(st.integers(-40, 30))
    last = first + DAY * draw(st.integers(0, 60))
    ends = {"start": first.isoformat(), "end": last.isoformat()}
    return {
        "none": {},
        "boundsPeriod": {
            "boundsPeriod": {
                e: ends[e] for e in draw(st.sets(st.sampled_from(("start", "end")), min_size=1))
            }
        },
        "boundsDuration": {"boundsDuration": length(draw)},
        "boundsRange": {"boundsRange": {"high": length(draw)}},
    }[kind]


@st.composite
def regular(draw: st.DrawFn) -> Resource:
    """A Timing that says on which days and at which times an activity meets."""
    unit = draw(st.sampled_from(["wk", "d"]))
    has_days = unit == "wk" or draw(st.booleans())
    repeat: Resource = {
        "period": 1 if unit == "d" and has_days else draw(st.integers(1, 4)),
        "periodUnit": unit,
        "timeOfDay": draw(
            st.lists(
                st.sampled_from(["00:15:00", "01:45:00", "09:00:00", "17:30:00", "23:30:00"]),
                min_size=1,
                max_size=2,
                unique=True,
            )
        ),
        # Short of half an hour where two sessions of a day are near, so that none overlap.
        "duration": draw(st.integers(1, 89)),
        "durationUnit": "min",
    }
    if has_days:
        days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True)
        repeat["dayOfWeek"] = draw(days)
    if draw(st.booleans()):
        repeat["count"] = draw(st.integers(1, 12))
    if draw(st.booleans()):
        repeat["frequency"] = draw(st.integers(1, 9))
    return {"repeat": repeat | draw(bounds())}


@st.composite
def events(draw: st.DrawFn) -> Resource:
    """A Timing that names each moment at which an activity meets."""
    first = datetime(2026, 2, 27, tzinfo=UTC)
    after = draw(st.lists(st.integers(0, 25 * 24 * 4), min_size=1, max_size=6))
    told = [(first + MINUTE * 15 * each).isoformat() for each in after]
    lasts = {"duration": draw(st.integers(1, 3)), "durationUnit": "h"}
    return {"event": told, "repeat": lasts | draw(bounds())}


@st.composite
def periods(draw: st.DrawFn) -> Resource:
    first = MONDAY + DAY * draw(st.integers(-20, 10))
    last = first + DAY * draw(st.integers(0, 90))
    return {"start": first.isoformat(), "end": last.isoformat()}


WEEKS = st.integers(-1, 4).map(lambda n: MONDAY + DAY * 7 * n)


@settings(deadline=None)
@given(st.one_of(regular(), events()), periods(), WEEKS, st.sampled_from(ZONES))
def test_a_timing_is_counted_minute_by_minute(
    timing: Resource, period: Resource, week: date, zone: str
) -> None:
    assert planned(timing, period, week, zone) == Walk(timing, period, zone).minutes(week)


@given(
    st.integers(1, 9),
    st.integers(1, 4),
    st.sampled_from(["d", "wk"]),
    st.one_of(st.none(), st.integers(1, 12)),
    bounds(),
    WEEKS,
)
def test_what_says_only_how_often_counts_its_mean_in_each_week_that_it_runs(
    frequency: int, every: int, unit: str, count: int | None, told: Resource, week: date
) -> None:
    repeat = {"frequency": frequency, "period": every, "periodUnit": unit, **told}
    repeat |= {"duration": 60, "durationUnit": "min"} | ({"count": count} if count else {})
    period = {"start": "2026-02-25", "end": "2026-03-27"}
    walk = Walk({"repeat": repeat}, period, "UTC")
    first, last = max(walk.bounds[0], walk.plan[0]), min(walk.bounds[1], walk.plan[1])
    if count:
        cycles = -(-count // frequency)
        last = min(last, walk.bounds[0] + DAY * (cycles * every * {"d": 1, "wk": 7}[unit] - 1))
    runs = any(first <= week + DAY * n <= last for n in range(7))
    mean = Fraction(frequency * 7 * 60, every * {"d": 1, "wk": 7}[unit])

    assert planned({"repeat": repeat}, period, week, "UTC") == (int(mean) if runs else 0)


@settings(deadline=None)
@given(regular(), periods(), st.integers(-30, 60))
def test_a_regular_week_is_planned_on_a_day_as_long_as_it_runs(
    timing: Resource, period: Resource, after: int
) -> None:
    day, repeat = MONDAY + DAY * after, timing["repeat"]
    walk = Walk(timing, period, "UTC")
    # Whatever the plan says: the order may have begun before it, and may go on in the next one.
    walk.plan = walk.bounds[0], MONDAY + DAY * 400
    to_come = any(each.date() >= day for each in walk.sessions())
    says_start = "start" in repeat.get("boundsPeriod", {}) or {
        "boundsDuration",
        "boundsRange",
    } & set(repeat)
    first = walk.bounds[0] if says_start else date.min
    runs = first <= day <= walk.bounds[1] and (to_come or "count" not in repeat)
    days = len(repeat.get("dayOfWeek", WEEKDAYS))
    every = repeat["period"] if repeat["periodUnit"] == "wk" or "dayOfWeek" not in repeat else 1
    minutes = Fraction(days * len(repeat["timeOfDay"]) * repeat["duration"], every)

    told = planned_minutes([order(timing)], POLICY, day, UTC, period)
    assert told == (minutes if runs else 0)


@pytest.mark.parametrize(
    ("repeat", "weeks"),
    [
        ({"boundsDuration": {"value": 1, "code": "d"}}, [60, 0, 0]),
        ({"boundsDuration": {"value": 8, "code": "d"}}, [60, 60, 0]),
        ({"boundsPeriod": {"start": "2026-03-03"}}, [0, 60, 60]),
        ({"boundsPeriod": {"end": "2026-03-02"}}, [60, 0, 0]),
        ({"count": 2}, [60, 60, 0]),
        # Two of its three times were before the plan.
        ({"count": 3, "boundsPeriod": {"start": "2026-02-16"}}, [60, 0, 0]),
    ],
)
def test_what_ends_before_its_plan_is_planned_no_longer(repeat: Resource, weeks: list[int]) -> None:
    weekly = {"period": 1, "periodUnit": "wk", "dayOfWeek": ["mon"], "timeOfDay": ["09:00:00"]}
    timing = {"repeat": weekly | {"duration": 1, "durationUnit": "h"} | repeat}
    period = {"start": "2026-03-02", "end": "2026-05-31"}
    mondays = [MONDAY + DAY * 7 * n for n in range(3)]

    assert [planned(timing, period, each, "UTC") for each in mondays] == weeks
    on_the_day = [planned_minutes([order(timing)], POLICY, e, UTC, period) for e in mondays]
    starts = repeat.get("boundsPeriod", {}).get("start", "")
    assert [bool(each) for each in on_the_day] == [
        bool(minutes) for minutes in (weeks if starts <= "2026-03-02" else [0, 60, 60])
    ]


def test_a_plan_of_years_is_counted_to_its_end() -> None:
    daily = {"period": 1, "periodUnit": "d", "timeOfDay": ["09:00:00", "13:00:00", "17:00:00"]}
    timing = {"repeat": daily | {"duration": 1, "durationUnit": "h"}}
    period = {"start": "2026-03-02", "end": "2029-03-01"}

    assert planned(timing, period, date(2029, 2, 5), "UTC") == 21 * 60
