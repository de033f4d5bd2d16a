"""The figures of a programme, against counting by hand, and each number against its resources."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.progress_api.domain.figures.evidence import Evidence
from services.progress_api.domain.figures.library import LIBRARY
from services.progress_api.domain.figures.period import Days, days_asked
from services.progress_api.domain.figures.policy import age_band
from services.progress_api.domain.figures.report import FIGURES, bundle, report
from shared.care.canonical import code_system
from shared.fhir.errors import Malformed
from shared.fhir.reader import read
from shared.fhir.validation import validate
from shared.fhir.writer import write

Resource = dict[str, Any]

# The clocks go forward on the 8th of March, and back on the 1st of November.
ZONE: Final = ZoneInfo("America/New_York")
START: Final = datetime(2026, 2, 20, 5, tzinfo=UTC)
NOW: Final = "2026-04-01T12:00:00Z"
SMALL: Final = 5
DAY: Final = timedelta(days=1)
moments = st.integers(0, 40 * 24 * 4).map(lambda n: START + timedelta(minutes=15 * n))
STATUSES: Final = ("planned", "waitlist", "active", "onhold")


def text(moment: datetime) -> str:
    return moment.isoformat()


@st.composite
def episodes(draw: st.DrawFn) -> list[Resource]:
    found = []
    for number in range(draw(st.integers(0, SMALL))):
        at = sorted(draw(st.sets(moments, min_size=1, max_size=4)))
        states = [draw(st.sampled_from(STATUSES)) for _ in at]
        ends: list[datetime | None] = [
            *at[1:],
            draw(st.none() | st.just(at[-1] + timedelta(days=3))),
        ]
        history = [
            {"status": state, "period": {"start": text(begins)} | ({"end": text(e)} if e else {})}
            for state, begins, e in zip(states, at, ends, strict=True)
        ]
        status = "finished" if ends[-1] else states[-1]
        found.append(
            {
                "resourceType": "EpisodeOfCare",
                "id": f"e{number}",
                "status": status,
                "statusHistory": history,
                "patient": {"reference": f"Patient/p{number}"},
            }
        )
    return found


@st.composite
def tasks(draw: st.DrawFn, code: str = "referral") -> list[Resource]:
    statuses = ("requested", "accepted", "in-progress", "completed", "rejected", "cancelled")
    return [
        {
            "resourceType": "Task",
            "id": f"{code}{number}",
            "status": draw(st.sampled_from(statuses)),
            "intent": "order",
            "authoredOn": text(draw(moments)),
        }
        for number in range(draw(st.integers(0, SMALL)))
    ]


@st.composite
def clocks(draw: st.DrawFn) -> tuple[list[Resource], dict[str, Resource]]:
    found, visits = [], {}
    for number in range(draw(st.integers(0, SMALL))):
        first = (draw(moments)).astimezone(ZONE).date()
        code, length = draw(st.sampled_from((("follow-up-7d", 7), ("follow-up-30d", 30))))
        clock: Resource = {
            "resourceType": "Task",
            "id": f"c{number}",
            "status": draw(st.sampled_from(("requested", "completed", "cancelled"))),
            "intent": "order",
            "code": {"coding": [{"system": code_system("clock"), "code": code}]},
            "restriction": {
                "period": {
                    "start": first.isoformat(),
                    "end": (first + timedelta(days=length - 1)).isoformat(),
                }
            },
        }
        if clock["status"] == "completed":
            visits[f"v{number}"] = {
                "resourceType": "Encounter",
                "id": f"v{number}",
                "period": {"start": text(draw(moments))},
            }
            clock["output"] = [{"valueReference": {"reference": f"Encounter/v{number}"}}]
        found.append(clock)
    return found, visits


@st.composite
def appointments(draw: st.DrawFn) -> list[Resource]:
    statuses = ("booked", "arrived", "fulfilled", "noshow", "cancelled")
    return [
        {
            "resourceType": "Appointment",
            "id": f"a{number}",
            "status": draw(st.sampled_from(statuses)),
            "start": text(draw(moments)),
            "basedOn": draw(st.sampled_from(([], [{"reference": "ServiceRequest/r"}]))),
        }
        for number in range(draw(st.integers(0, SMALL)))
    ]


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    running, visits = draw(clocks())
    return Evidence(
        draw(episodes()),
        draw(tasks()),
        running,
        draw(tasks("handoff")),
        draw(appointments()),
        (),
        (),
        {},
        visits,
        (),
    )


@st.composite
def periods(draw: st.DrawFn) -> Days:
    first = (draw(moments)).astimezone(ZONE).date()
    return Days(first, first + timedelta(days=draw(st.integers(0, 45))), ZONE)


def numbers(name: str, evidence: Evidence, days: Days) -> dict[str, list[int]]:
    groups = FIGURES[name](evidence, days).groups
    return {each.code: [len(p.members) for p in each.populations] for each in groups}


def local(told: str) -> date:
    return datetime.fromisoformat(told).astimezone(ZONE).date()


def within(told: str, days: Days) -> bool:
    return days.first <= local(told) <= days.last


def was_active(episode: Resource, day: date) -> bool:
    """Look at every quarter of an hour of a day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
    quarters = (midnight + timedelta(minutes=15 * n) for n in range(25 * 4))
    at = [each for each in quarters if each.astimezone(ZONE).date() == day]
    return any(
        each["status"] == "active"
        and datetime.fromisoformat(each["period"]["start"]) <= moment
        and ("end" not in each["period"] or moment < datetime.fromisoformat(each["period"]["end"]))
        for each in episode["statusHistory"]
        for moment in at
    )


# Every quarter of an hour is looked at, which takes its time.
@settings(max_examples=30)
@given(evidences(), periods())
def test_a_census_counts_those_who_were_in_the_programme_on_a_day(
    evidence: Evidence, days: Days
) -> None:
    [present, at_end, *_] = FIGURES["census"](evidence, days).groups
    told = {day: set(members) for day, members in present.strata.get("day", {}).items()}
    for day in days.steps:
        expected = {f"EpisodeOfCare/{e['id']}" for e in evidence.episodes if was_active(e, day)}
        assert told[day.isoformat()] == expected
    every = [days.first + timedelta(days=n) for n in range((days.last - days.first).days + 1)]
    ever = {
        f"EpisodeOfCare/{e['id']}"
        for e in evidence.episodes
        if any(was_active(e, d) for d in every)
    }
    assert set(present.populations[0].members) == ever
    last = {f"EpisodeOfCare/{e['id']}" for e in evidence.episodes if was_active(e, days.last)}
    assert set(at_end.populations[0].members) == last


def stayed(number: int, patient: str, first: str, last: str | None) -> Resource:
    period = {"start": first} | ({"end": last} if last else {})
    return {
        "resourceType": "EpisodeOfCare",
        "id": f"e{number}",
        "status": "finished" if last else "active",
        "statusHistory": [{"status": "active", "period": period}],
        "patient": {"reference": f"Patient/{patient}"},
    }


@pytest.mark.parametrize(
    ("persons", "present", "admitted"),
    [
        ({}, {"e0", "e1", "e2", "e3"}, {"e1", "e3"}),
        ({"old": "survivor", "survivor": "survivor"}, {"e1", "e2", "e3"}, {"e3"}),
    ],
)
def test_two_patients_of_one_person_are_counted_once_at_a_time(
    persons: dict[str, str], present: set[str], admitted: set[str]
) -> None:
    told = [
        stayed(0, "old", "2026-02-20", "2026-03-20"),
        stayed(1, "survivor", "2026-03-10", "2026-03-20"),
        stayed(2, "other", "2026-02-01", None),
        stayed(3, "old", "2026-03-25", None),
    ]
    evidence = Evidence(told, (), (), (), (), (), (), {}, {}, (), persons)
    census = FIGURES["census"](evidence, Days(date(2026, 3, 1), date(2026, 3, 31), ZONE)).groups
    members = {
        group.code: {e.partition("/")[2] for e in group.populations[0].members} for group in census
    }

    assert (members["present"], members["admitted"]) == (present, admitted)
    assert members["left"] == present - {"e2", "e3"}


@given(evidences(), periods())
def test_referrals_and_handoffs_are_counted_by_state_and_age(
    evidence: Evidence, days: Days
) -> None:
    opened = {"requested", "accepted", "in-progress"}

    def counts(task: Resource) -> bool:
        is_open = task["status"] in opened and local(task["authoredOn"]) < days.first
        return within(task["authoredOn"], days) or is_open

    asked = [each for each in evidence.referrals if counts(each)]
    waiting = [each for each in asked if each["status"] in opened]
    [group] = FIGURES["referrals"](evidence, days).groups
    assert [len(each.members) for each in group.populations] == [len(asked), len(waiting)]
    for task in waiting:
        band = age_band((days.last - local(task["authoredOn"])).days)
        assert f"Task/{task['id']}" in group.strata["age-in-days"][band]
    out = [each for each in evidence.handoffs if counts(each)]
    closed = [each for each in out if each["status"] == "completed"]
    assert numbers("handoffs", evidence, days) == {"handoffs": [len(out), len(closed)]}


@given(evidences(), periods())
def test_follow_up_counts_windows_that_end_and_first_visits_discharges(
    evidence: Evidence, days: Days
) -> None:
    live = [each for each in evidence.clocks if each["status"] != "cancelled"]
    told = numbers("follow-up", evidence, days)
    for code in ("follow-up-7d", "follow-up-30d"):
        of_it = [each for each in live if each["code"]["coding"][0]["code"] == code]
        due = [
            each
            for each in of_it
            if days.first <= date.fromisoformat(each["restriction"]["period"]["end"]) <= days.last
        ]
        assert told[code] == [len(due), sum(each["status"] == "completed" for each in due)]
    begun = [
        each
        for each in live
        if each["code"]["coding"][0]["code"] == "follow-up-30d"
        # The discharge is the day before its window.
        and days.first < date.fromisoformat(each["restriction"]["period"]["start"])
        and date.fromisoformat(each["restriction"]["period"]["start"]) <= days.last + DAY
    ]
    waits = [
        (
            local(evidence.encounters[each["id"].replace("c", "v")]["period"]["start"])
            - date.fromisoformat(each["restriction"]["period"]["start"])
        ).days
        + 1
        for each in begun
        if "output" in each
    ]
    [group] = FIGURES["first-visit"](evidence, days).groups
    assert [len(each.members) for each in group.populations] == [len(begun), len(waits)]
    assert group.score == (None if not waits else median(waits))


@given(evidences(), periods())
def test_attendance_is_a_share(evidence: Evidence, days: Days) -> None:
    told = [
        each
        for each in evidence.appointments
        if each["basedOn"]
        and each["status"] in {"arrived", "fulfilled", "noshow"}
        and within(each["start"], days)
    ]
    came = [each for each in told if each["status"] != "noshow"]
    assert numbers("attendance", evidence, days) == {"attendance": [len(told), len(came)]}


@given(evidences(), periods())
def test_every_number_leads_to_as_many_resources_and_every_report_is_valid(
    evidence: Evidence, days: Days
) -> None:
    for name, figure in FIGURES.items():
        told = report(figure(evidence, days), days, "Organization/o", NOW)
        assert validate(read(write(told))) == [], name
        lists = {f"#{each['id']}": each["entry"] for each in told.get("contained", ())}
        for group in told["group"]:
            strata = [s for each in group.get("stratifier", ()) for s in each["stratum"]]
            for population in [p for each in (group, *strata) for p in each["population"]]:
                members = lists.pop(population.get("subjectResults", {}).get("reference"), [])
                assert population["count"] == len(members)
        assert lists == {}


@given(evidences(), periods())
def test_counting_changes_nothing(evidence: Evidence, days: Days) -> None:
    before = copy.deepcopy(evidence)
    for figure in FIGURES.values():
        figure(evidence, days)
    assert evidence == before


@pytest.mark.parametrize(
    ("given_days", "expected"),
    [
        (("2026-03-01", "2026-03-31"), (date(2026, 3, 1), date(2026, 3, 31))),
        ((None, "2026-03-31"), (date(2026, 3, 2), date(2026, 3, 31))),
        (("2026-03-20", None), (date(2026, 3, 20), date(2026, 4, 1))),
        ((None, None), (date(2026, 3, 3), date(2026, 4, 1))),
    ],
)
def test_a_period_is_understood(
    given_days: tuple[str | None, str | None], expected: tuple[date, date]
) -> None:
    days = days_asked(*given_days, date(2026, 4, 1), ZONE)
    assert (days.first, days.last) == expected


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-03-02", "2026-03-01"), ("2026-03", None), (None, "2026"), ("2025-01-01", "2026-03-01")],
)
def test_a_period_that_cannot_be_is_refused(first: str | None, last: str | None) -> None:
    with pytest.raises(Malformed):
        days_asked(first, last, date(2026, 4, 1), ZONE)


def test_what_is_published_is_valid_and_names_every_figure() -> None:
    assert [validate(each) for each in LIBRARY] == [[]] * len(LIBRARY)
    assert {each["id"] for each in LIBRARY} == {*FIGURES, "figure"}
    assert bundle([]) == {"resourceType": "Bundle", "type": "collection"}
