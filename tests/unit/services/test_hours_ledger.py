"""The hours ledger agrees with a count of every minute, in the weeks that change the clock too."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.plan_api.domain.hours import result
from shared.care.canonical import CANONICAL
from shared.care.hours_ledger import Ledger
from shared.care.local_week import LocalWeek, weeks_between
from shared.care.weekly_hours import POLICIES, HoursPolicy

MINUTE = timedelta(minutes=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A Monday, the zone, and how many hours the week has; in Havana and Cairo midnight is left out.
WEEKS = [
    (date(2026, 5, 4), "America/New_York", 168),
    (date(2026, 3, 2), "America/New_York", 167),
    (date(2026, 10, 26), "America/New_York", 169),
    (date(2026, 3, 2), "America/Havana", 167),
    (date(2026, 10, 26), "America/Havana", 169),
    (date(2026, 4, 20), "Africa/Cairo", 167),
    (date(2026, 10, 26), "Africa/Cairo", 169),
]
Resource = dict[str, Any]


@pytest.mark.parametrize(("monday", "zone", "hours"), WEEKS)
def test_a_week_is_seven_local_days(monday: date, zone: str, hours: int) -> None:
    low, high = LocalWeek(monday).span(ZoneInfo(zone))

    assert (high - low) / 3_600_000_000 == hours


# The oracle: minutes one by one. It shares no code with the ledger.


@cache
def clock(monday: date, zone: str) -> dict[datetime, datetime]:
    """What the clock on the wall shows at each minute around a week."""
    first = datetime(monday.year, monday.month, monday.day, tzinfo=UTC) - timedelta(days=9)
    moments = (first + MINUTE * n for n in range(19 * 24 * 60))
    return {each: each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in moments}


@cache
def moments_by_wall(monday: date, zone: str) -> dict[datetime, datetime]:
    """The first moment at which the clock on the wall shows a time."""
    found: dict[datetime, datetime] = {}
    for moment, wall in clock(monday, zone).items():
        found.setdefault(wall, moment)
    return found


def begins(wall: datetime, monday: date, zone: str) -> datetime | None:
    """When a session begins that is said to at a time on the wall; later by what is left out."""
    shown = moments_by_wall(monday, zone)
    if not min(shown) <= wall <= max(shown):
        return None
    if wall in shown:
        return shown[wall]
    before, after = wall, wall
    while before not in shown:
        before -= MINUTE
    while after not in shown:
        after += MINUTE
    return shown[wall + (after - before - MINUTE)]


def minutes(start: datetime, end: datetime) -> set[datetime]:
    return {start + MINUTE * n for n in range(int((end - start) / MINUTE))}


def lasting(told: Resource) -> set[datetime]:
    return minutes(datetime.fromisoformat(told["start"]), datetime.fromisoformat(told["end"]))


class Minutes:
    """Every minute of a week, by hand."""

    def __init__(self, case: Case, policy: HoursPolicy) -> None:
        self.case, self.policy = case, policy
        day = case.monday
        while day.weekday() != policy.week_begins:
            day -= timedelta(days=1)
        self.days = [day + timedelta(days=n) for n in range(7)]
        walls = clock(case.monday, case.zone)
        self.week = {moment for moment, wall in walls.items() if wall.date() in self.days}

    def counts(self, *told: Resource) -> bool:
        names = {each["reference"].partition("/")[2] for one in told for each in one["basedOn"]}
        return any(
            f"{CANONICAL}/ActivityDefinition/{each['service']}" in self.policy.counted
            for each in self.case.orders
            if each["id"] in names
        )

    def planned(self) -> int:
        found: set[datetime] = set()
        for order in self.case.orders:
            if order["status"] in {"draft", "active", "completed"} and self.counts(
                {"basedOn": [{"reference": f"ServiceRequest/{order['id']}"}]}
            ):
                for day in self.days:
                    found |= self._sessions(order, day)
        return len(found & self.week)

    def _sessions(self, order: Resource, day: date) -> set[datetime]:
        found: set[datetime] = set()
        # A session of the day before may last into the day.
        for each in (day - timedelta(days=1), day):
            first, last = self.case.period
            if first <= each <= last and WEEKDAYS[each.weekday()] in order["days"]:
                for hour, minute in order["times"]:
                    wall = datetime.combine(each, time(hour, minute))
                    start = begins(wall, self.case.monday, self.case.zone)
                    if start is not None:
                        found |= minutes(start, start + MINUTE * order["length"])
        return found

    def scheduled(self) -> int:
        found: set[datetime] = set()
        for each in self.case.appointments.values():
            if each["status"] in {"booked", "arrived", "checked-in", "fulfilled"}:
                found |= lasting(each) if self.counts(each) else set()
        return len(found & self.week)

    def delivered(self) -> tuple[int, dict[date, int]]:
        found: set[datetime] = set()
        services: Counter[date] = Counter()
        for each in self.case.encounters:
            came = self._came(each)
            found |= came
            day = clock(self.case.monday, self.case.zone)[min(came)].date() if came else None
            services.update([day] if day in self.days else [])
        return len(found & self.week), dict(services)

    def _came(self, encounter: Resource) -> set[datetime]:
        kept = [
            self.case.appointments[each["reference"].partition("/")[2]]
            for each in encounter["appointment"]
        ]
        is_visit = encounter["status"] == "finished" and encounter["class"]["code"] in {"AMB", "VR"}
        missed = all(each["status"] == "noshow" for each in kept)
        if not is_visit or missed or not self.counts(encounter, *kept):
            return set()
        came = lasting(encounter["period"]) & set().union(*map(lasting, kept))
        if len(came) > 24 * 60:
            return set()
        for each in encounter["statusHistory"] if self.policy.takes_breaks_off else ():
            if each["status"] == "onleave":
                came -= lasting(each["period"])
        return came


class Case:
    """A plan, and what was booked and attended around a week."""

    def __init__(self, monday: date, zone: str) -> None:
        self.monday, self.zone = monday, zone
        self.period = (date.min, date.max)
        self.orders: list[Resource] = []
        self.appointments: dict[str, Resource] = {}
        self.encounters: list[Resource] = []

    def ledger(self) -> Ledger:
        requests = [
            {
                "resourceType": "ServiceRequest",
                "id": each["id"],
                "status": each["status"],
                "instantiatesCanonical": [f"{CANONICAL}/ActivityDefinition/{each['service']}|1.0"],
                "occurrenceTiming": {
                    "repeat": {
                        "period": 1,
                        "periodUnit": "wk",
                        "dayOfWeek": each["days"],
                        "timeOfDay": [
                            f"{hour:02}:{minute:02}:00" for hour, minute in each["times"]
                        ],
                        "duration": each["length"],
                        "durationUnit": "min",
                    }
                },
            }
            for each in self.orders
        ]
        first, last = self.period
        plan = {"id": "plan", "period": {"start": first.isoformat(), "end": last.isoformat()}}
        orders = {each["id"]: each for each in requests}
        zone = ZoneInfo(self.zone)
        return Ledger(plan, requests, orders, self.appointments, self.encounters, zone)


SERVICES = st.sampled_from(["group-therapy", "yoga", "peer-support", "tms", "mindfulness"])
STATUSES = st.sampled_from(
    ["booked", "arrived", "fulfilled", "checked-in", "noshow", "cancelled", "proposed", "pending"]
)
HISTORY = st.sampled_from(["onleave", "onleave", "arrived", "in-progress"])
LENGTHS = st.integers(1, 200)
TIMES = st.tuples(st.sampled_from([0, 1, 2, 9, 10, 23]), st.sampled_from([0, 15, 30]))
POLICY = st.builds(
    replace,
    st.sampled_from(POLICIES),
    week_begins=st.integers(0, 6),
    takes_breaks_off=st.booleans(),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    monday, zone, _ = draw(st.sampled_from(WEEKS))
    case = Case(monday, zone)
    first = monday + timedelta(days=draw(st.integers(-20, 8)))
    case.period = (first, first + timedelta(days=draw(st.integers(0, 40))))
    case.orders = [
        {
            "id": f"order-{i}",
            "service": draw(SERVICES),
            "status": draw(st.sampled_from(["active", "draft", "completed", "revoked"])),
            "days": draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True)),
            "times": draw(st.lists(TIMES, min_size=1, max_size=2, unique=True)),
            "length": draw(LENGTHS),
        }
        for i in range(draw(st.integers(1, 3)))
    ]
    attendance(draw, case)
    return case


def attendance(draw: st.DrawFn, case: Case) -> None:
    """Draw what was booked, and who came."""
    first = datetime.combine(case.monday, time(), ZoneInfo(case.zone)).astimezone(UTC)
    # Many around the nights in which the clock is changed, and at the ends of the week.
    starts = st.one_of(*(st.integers(n * 1440 - 300, n * 1440 + 400) for n in (-1, 0, 4, 6, 7)))

    def span(after: int, length: int) -> Resource:
        start = first + MINUTE * after
        return {"start": start.isoformat(), "end": (start + MINUTE * length).isoformat()}

    def based_on() -> Resource:
        named = draw(st.lists(st.sampled_from(case.orders), max_size=2))
        return {"basedOn": [{"reference": f"ServiceRequest/{each['id']}"} for each in named]}

    begun = {f"a{i}": draw(starts) for i in range(draw(st.integers(1, 5)))}
    for name, start in begun.items():
        held = {"id": name, "status": draw(STATUSES), **span(start, draw(LENGTHS))}
        case.appointments[name] = held | based_on()
    for _ in range(draw(st.integers(0, 5))):
        kept = draw(st.lists(st.sampled_from(sorted(begun)), min_size=1, max_size=2, unique=True))
        start = begun[kept[0]] + draw(st.integers(-30, 90))
        history = [
            {
                "status": draw(HISTORY),
                "period": span(start + draw(st.integers(-20, 100)), draw(st.integers(1, 40))),
            }
            for _ in range(draw(st.integers(0, 3)))
        ]
        case.encounters.append(
            {
                "status": draw(st.sampled_from(["finished", "finished", "finished", "cancelled"])),
                "class": {"code": draw(st.sampled_from(["AMB", "VR", "AMB", "IMP"]))},
                "appointment": [{"reference": f"Appointment/{each}"} for each in kept],
                "period": span(start, draw(st.integers(1, 300))),
                "statusHistory": history,
            }
            | based_on()
        )


# The clock of a week is read once, which takes a while.
@settings(deadline=None)
@given(cases(), POLICY)
def test_the_ledger_agrees_with_every_minute_of_the_week(case: Case, policy: HoursPolicy) -> None:
    told = case.ledger().tally(LocalWeek.around(case.monday, policy.week_begins), policy)

    by_hand = Minutes(case, policy)
    assert told.planned == by_hand.planned()
    assert told.scheduled == by_hand.scheduled()
    assert (told.delivered, told.services) == by_hand.delivered()


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400), st.integers(0, 6))
def test_weeks_follow_one_another_and_hold_all_days(first: date, length: int, begins: int) -> None:
    last = first + timedelta(days=length)
    days = [day for week in weeks_between(first, last, begins) for day in week.days]

    assert {day.weekday() for day in days[::7]} == {begins}
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert first in days[:7]
    assert last in days[-7:]


def test_what_does_not_say_when_it_meets_counts_by_its_mean() -> None:
    case = Case(date(2026, 3, 2), "America/New_York")
    case.period = (date(2026, 3, 4), date(2026, 3, 12))
    case.orders = [
        {"id": "o", "service": "group-therapy", "status": "active", "days": [], "times": []}
        | {"length": 90}
    ]
    ledger = case.ledger()
    weeks = weeks_between(date(2026, 2, 23), date(2026, 3, 16), 0)

    assert [ledger.tally(week, POLICIES[0]).planned for week in weeks] == [0, 90, 90, 0]
    assert [ledger.is_whole(week) for week in weeks] == [False] * 4

    for request in ledger.requests:
        repeat = request["occurrenceTiming"]["repeat"]
        repeat["boundsDuration"] = {"value": 3, "code": "d"}
    assert [ledger.tally(week, POLICIES[0]).planned for week in weeks] == [0, 90, 0, 0]


def test_a_week_that_is_not_over_is_not_short_of_what_is_delivered() -> None:
    planned, delivered = POLICIES[0], POLICIES[1]
    ledger = Case(date(2026, 3, 2), "America/New_York").ledger()
    week = LocalWeek(date(2026, 3, 2))
    during, after = datetime(2026, 3, 9, 3, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)

    for policy, now, expected in (
        (planned, during, "short"),
        (delivered, during, "pending"),
        (delivered, after, "short"),
    ):
        assert result(ledger.tally(week, policy), policy, ledger, now) == expected
