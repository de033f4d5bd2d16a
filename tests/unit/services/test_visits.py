"""Which visits satisfy a clock: those in its window, after a handoff those at the clinic."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake_api.domain import clock
from services.intake_api.domain.follow_up import following, marks, opening, referral, visits
from services.intake_api.domain.follow_up.course import Course
from services.intake_api.domain.follow_up.marks import Verdict
from services.intake_api.domain.follow_up.opening import Stay
from services.intake_api.domain.follow_up.visits import Calendar, Handoff, Visit
from services.intake_api.domain.follow_up.windows import AFTER_DISCHARGE
from services.intake_api.domain.stay import last_day
from shared.care.episode import PROGRAMME
from shared.fhir.validation import validate
from tests.notices import ACT_CODE

HERE = "https://here.example/fhir"
NEW_YORK = Calendar(ZoneInfo("America/New_York"), (HERE,))
ZONES = ["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
CLINIC = Handoff("ServiceRequest/h", frozenset({"Organization/clinic", "ServiceRequest/h"}))


def a_clock(code: str = "follow-up-7d", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "resourceType": "Task",
        "id": "t",
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": clock.CLOCK, "code": code}]},
        "for": {"reference": "Patient/p"},
        "restriction": {"period": {"start": "2026-03-03", "end": "2026-03-09"}},
    } | changes


def an_encounter(start: str = "2026-03-05T15:00:00Z", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "resourceType": "Encounter",
        "id": "v",
        "status": "finished",
        "class": {"system": ACT_CODE, "code": "AMB"},
        "subject": {"reference": "Patient/p"},
        "period": {"start": start, "end": start},
    } | changes


def counts(encounter: dict[str, Any], task: dict[str, Any], *handoffs: Handoff) -> bool:
    visit = visits.visit_of(encounter, NEW_YORK)
    return visit is not None and visits.satisfies(visit, task, handoffs, NEW_YORK)


@pytest.mark.parametrize(
    ("start", "is_in"),
    [
        ("2026-03-02T15:00:00Z", False),
        # One minute before and at the first local midnight of the window.
        ("2026-03-03T04:59:00Z", False),
        ("2026-03-03T05:00:00Z", True),
        ("2026-03-03", True),
        # The night in which summer time begins, and the last minute of the window.
        ("2026-03-08T06:59:00Z", True),
        ("2026-03-10T03:59:00Z", True),
        ("2026-03-10T04:00:00Z", False),
        ("2026-03-10", False),
    ],
)
def test_a_visit_counts_by_its_first_local_day(start: str, *, is_in: bool) -> None:
    assert counts(an_encounter(start), a_clock()) == is_in


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "in-progress"},
        {"status": "entered-in-error"},
        {"class": {"system": ACT_CODE, "code": "IMP"}},
        {"class": {"system": ACT_CODE, "code": "EMER"}},
        {"class": {"system": "urn:other", "code": "AMB"}},
        {"period": {"end": "2026-03-05"}},
    ],
)
def test_only_somebody_who_was_seen_as_an_outpatient_has_visited(changes: dict[str, Any]) -> None:
    assert counts(an_encounter(), a_clock())
    assert counts(an_encounter() | {"class": {"system": ACT_CODE, "code": "VR"}}, a_clock())
    assert visits.visit_of(an_encounter(**changes), NEW_YORK) is None


@pytest.mark.parametrize(
    ("changes", "is_there"),
    [
        ({}, False),
        ({"serviceProvider": {"reference": "Organization/other"}}, False),
        ({"serviceProvider": {"reference": "Organization/clinic"}}, True),
        ({"serviceProvider": {"reference": f"{HERE}/Organization/clinic"}}, True),
        ({"basedOn": [{"reference": "ServiceRequest/h"}]}, True),
        ({"basedOn": [{"reference": "ServiceRequest/other"}]}, False),
    ],
)
def test_after_a_handoff_only_a_visit_at_the_clinic_counts(
    changes: dict[str, Any], *, is_there: bool
) -> None:
    assert counts(an_encounter(**changes), a_clock("aftercare-7d"), CLINIC) == is_there
    assert counts(an_encounter(**changes), a_clock("follow-up-7d"), CLINIC)


def test_a_clock_that_names_its_handoff_waits_for_that_clinic() -> None:
    visit = an_encounter(serviceProvider={"reference": "Organization/clinic"})
    named = [{"reference": "ServiceRequest/h"}]

    assert counts(visit, a_clock("aftercare-7d", basedOn=named), CLINIC)
    assert not counts(
        visit, a_clock("aftercare-7d", basedOn=[{"reference": "ServiceRequest/other"}]), CLINIC
    )


@pytest.mark.parametrize("status", ["draft", "rejected", "cancelled", "failed", "entered-in-error"])
def test_a_handoff_that_came_to_nothing_names_no_clinic(status: str) -> None:
    task = {
        "status": "requested",
        "focus": {"reference": "ServiceRequest/h"},
        "owner": {"reference": "Organization/clinic"},
    }

    assert visits.handoff_of(task, NEW_YORK) == CLINIC
    assert visits.handoff_of(task | {"status": status}, NEW_YORK) is None


def test_a_window_without_ends_waits_for_nothing() -> None:
    assert not counts(an_encounter(), a_clock(restriction={"period": {"end": "2026-03-09"}}))
    assert not counts(an_encounter(), a_clock(restriction={}))


FIRST, SECOND, EARLY = (
    Visit(f"Encounter/{name}", date(2026, 3, day), frozenset())
    for name, day in (("a", 4), ("b", 5), ("c", 1))
)


def after(task: dict[str, Any], *seen: Visit, written: str | None = None) -> dict[str, Any] | None:
    return following.followed(task, written, Course(seen, (), NEW_YORK), {})


def completed(task: dict[str, Any], *by: Visit) -> dict[str, Any]:
    return marks.marked(task, Verdict("completed", by=tuple(each.reference for each in by)))


def test_the_first_visit_completes_a_clock_which_is_overdue_no_more() -> None:
    task = a_clock(output=[{"type": {"text": "note"}, "valueString": "called"}])

    done = after(clock.overdue(task), SECOND, FIRST, EARLY)

    assert done is not None
    assert validate(done) == []
    assert (done["status"], marks.satisfied_by(done)) == ("completed", (FIRST.reference,))
    assert not clock.is_overdue(done)
    assert marks.satisfied_by(task) == ()
    assert marks.marked(done, Verdict("requested")) == task
    assert after(task, EARLY) is None
    assert after(task | {"intent": "plan"}, FIRST) is None


def test_a_visit_that_was_taken_back_reopens_its_clock_or_another_takes_its_place() -> None:
    task = a_clock()
    done = completed(task, FIRST)

    assert after(done, written=FIRST.reference) == task
    assert after(done, SECOND, written=FIRST.reference) == completed(task, SECOND)
    assert after(done, FIRST, SECOND, written=FIRST.reference) is None


def test_an_earlier_visit_that_is_told_later_is_the_one_that_counts() -> None:
    done = completed(a_clock(), SECOND)

    assert after(done, SECOND, FIRST, written=FIRST.reference) == completed(a_clock(), FIRST)


def test_what_people_have_decided_stands() -> None:
    by_phone = a_clock(status="completed")
    elsewhere = completed(a_clock(), EARLY)

    assert after(by_phone, FIRST, written=FIRST.reference) is None
    assert after(elsewhere, EARLY, FIRST, written=FIRST.reference) is None
    assert after(a_clock(status="cancelled"), FIRST, written=FIRST.reference) is None


def test_a_clock_that_was_completed_otherwise_names_no_visit() -> None:
    assert marks.satisfied_by(a_clock(status="completed")) == ()
    done = completed(a_clock(), Visit("Encounter/a", date.max, frozenset()))
    assert "output" not in marks.marked(done, Verdict("requested"))


@given(
    last=st.dates(date(1999, 1, 1), date(2036, 12, 31)),
    seconds=st.integers(-40 * 86_400, 40 * 86_400),
    zone=st.sampled_from([ZoneInfo(name) for name in ZONES]),
)
def test_windows_agree_with_a_calendar_on_the_wall(
    last: date, seconds: int, zone: ZoneInfo
) -> None:
    noon = datetime(last.year, last.month, last.day, 12, tzinfo=zone).astimezone(UTC)
    seen = noon + timedelta(seconds=seconds)
    days_after = (seen.astimezone(zone).date() - last).days
    found = opening.clocks(Stay("Encounter/s", "Patient/p", last), "2026-03-02")
    visit = visits.visit_of(an_encounter(seen.isoformat()), Calendar(zone, ()))

    assert visit is not None
    for task, days in zip(found.values(), (7, 30), strict=True):
        is_in = visits.satisfies(visit, task, (), Calendar(zone, ()))
        assert is_in == (1 <= days_after <= days)
        assert validate(task) == []


def test_the_windows_are_those_of_the_programme() -> None:
    assert [(each.code, each.first_day, each.last_day) for each in AFTER_DISCHARGE] == [
        ("follow-up-7d", 1, 7),
        ("follow-up-30d", 1, 30),
    ]


@pytest.mark.parametrize(
    ("end", "day"),
    [
        ("2026-03-02", "2026-03-02"),
        ("2026-03-03T04:59:59Z", "2026-03-02"),
        ("2026-03-03T05:00:00Z", "2026-03-03"),
        ("2026-02", "2026-02-28"),
        ("2026", "2026-12-31"),
    ],
)
def test_a_stay_ends_on_a_local_day(end: str, day: str) -> None:
    ended = last_day({"period": {"end": end}}, NEW_YORK.zone)

    assert ended == date.fromisoformat(day)
    assert last_day({"period": {}}, NEW_YORK.zone) is None


def test_a_clock_opens_overdue_only_where_its_window_has_passed() -> None:
    over = datetime(2026, 3, 10, 4, tzinfo=UTC)

    assert clock.is_overdue(clock.as_opened(a_clock(), NEW_YORK.zone, over))
    assert not clock.is_overdue(
        clock.as_opened(a_clock(), NEW_YORK.zone, over - timedelta(microseconds=1))
    )
    assert clock.as_opened(a_clock(code="x") | {"code": {}}, NEW_YORK.zone, over).get("code") == {}
    assert clock.unmarked(clock.overdue(a_clock())) == a_clock()
    assert clock.unmarked(a_clock()) == a_clock()


def a_request(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "code": {"coding": [PROGRAMME]},
    } | changes


def test_only_an_active_request_for_the_programme_is_a_referral_to_it() -> None:
    assert referral.asks_for_programme(a_request())
    assert not referral.asks_for_programme(a_request(status="draft"))
    assert not referral.asks_for_programme(a_request(code={"coding": [{"code": "iop"}]}))
    assert not referral.asks_for_programme(a_request(code={"text": "Intensive outpatient"}))


def test_a_referral_is_what_a_requested_task_is_about() -> None:
    task = {"status": "requested", "focus": {"reference": f"{HERE}/ServiceRequest/1"}}

    assert referral.referral_in(task, (HERE,)) == "ServiceRequest/1"
    assert referral.referral_in(task, ()) is None
    assert referral.referral_in(task | {"status": "accepted"}, (HERE,)) is None
    assert referral.referral_in(task | {"focus": {"reference": "Observation/1"}}, (HERE,)) is None
    assert referral.referral_in({"status": "requested"}, (HERE,)) is None


def test_the_inpatient_stay_that_ended_last_starts_the_clocks() -> None:
    def a_stay(end: str, code: str = "IMP") -> dict[str, Any]:
        kind = {"system": ACT_CODE, "code": code}
        return an_encounter() | {"class": kind, "period": {"end": end}}

    stays = {
        "Encounter/1": a_stay("2026-02-01"),
        "Encounter/2": a_stay("2026-03-01"),
        "Encounter/3": a_stay("2026-04-01", "AMB"),
    }

    assert referral.last_stay(stays, UTC) == "Encounter/2"
    assert referral.last_stay({"Encounter/3": stays["Encounter/3"]}, UTC) is None
    named = a_request(
        encounter={"reference": "Encounter/1"},
        supportingInfo=[
            {"reference": "EpisodeOfCare/2"},
            {"reference": "Encounter/2"},
            {"display": "a letter"},
        ],
        reasonReference=[{"reference": "Condition/1"}],
    )
    assert referral.background(named, ()) == ["Encounter/1", "EpisodeOfCare/2", "Encounter/2"]


def test_an_episode_that_waits_takes_a_second_referral_and_no_other_does() -> None:
    first, second = (
        opening.planned_episode(
            "Encounter/e", "Patient/p", request, planned="2026-03-02", route="step-down"
        )
        for request in ("ServiceRequest/1", "ServiceRequest/2")
    )

    both = opening.joined(first, second)

    assert both is not None
    assert both["referralRequest"] == [*first["referralRequest"], *second["referralRequest"]]
    assert validate(both) == []
    assert opening.joined(both, second) is None
    assert opening.joined(first | {"status": "active"}, second) is None
