"""Measures that fall due: their windows, their Tasks, and what becomes of these."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress_api.domain.measures import settling, task
from services.progress_api.domain.measures.course import Course, State
from services.progress_api.domain.measures.policy import GRACE, RHYTHMS, SCHEDULES
from services.progress_api.domain.measures.settling import Place
from services.progress_api.domain.measures.task import Measure
from services.progress_api.domain.measures.windows import next_opening, windows
from shared.care.canonical import CANONICAL, CAUSE, code_system
from shared.fhir.validation import validate

NEW_YORK = ZoneInfo("America/New_York")
ADMITTED = datetime(2026, 2, 20, 15, 30, tzinfo=UTC)
PLACE = Place(UTC, ())
DAY = timedelta(days=1)
STATUSES = st.sampled_from(["planned", "active", "onhold", "finished", "cancelled"])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def a_course(*told: tuple[float, str]) -> Course:
    """Statuses, each with the days since admission at which it began."""
    states = [State(ADMITTED + days * DAY, status, i) for i, (days, status) in enumerate(told, 1)]
    return Course.of(states)


def opened(course: Course, days: float) -> list[str]:
    found = windows(course, UTC, ADMITTED + days * DAY)
    return [f"{each.phase} {each.first:%m-%d} {each.last:%m-%d}" for each in found]


IN_CARE = a_course((-3, "planned"), (0, "active"))
FINISHED = a_course((0, "active"), (16, "finished"))


def a_measure(course: Course = IN_CARE) -> Measure:
    return Measure(
        "e1", "p1", SCHEDULES[0].instrument, windows(course, UTC, ADMITTED + 200 * DAY)[-1]
    )


def a_task(measure: Measure | None = None, **changes: object) -> dict[str, Any]:
    [entry, _] = task.opening([measure or first_measure()])["entry"]
    resource: dict[str, Any] = entry["resource"]
    return resource | {"id": "t1", "meta": {"versionId": "1"}} | changes


def first_measure() -> Measure:
    return Measure("e1", "p1", SCHEDULES[0].instrument, windows(IN_CARE, UTC, ADMITTED)[0])


def a_response(authored: str | None, **changes: object) -> dict[str, Any]:
    response = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{CANONICAL}/Questionnaire/phq-9|1.0",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "authored": authored,
    }
    return {name: value for name, value in (response | changes).items() if value is not None}


def test_a_window_opens_with_the_admission_and_each_week_after_it() -> None:
    assert opened(IN_CARE, -1) == []
    assert opened(IN_CARE, 0) == ["programme 02-20 02-26"]
    assert opened(IN_CARE, 6.9) == ["programme 02-20 02-26", "programme 02-27 03-05"]


def test_a_programme_on_hold_opens_no_window() -> None:
    paused = a_course((0, "active"), (3, "onhold"), (24, "active"))

    assert opened(paused, 20) == ["programme 02-20 02-26"]
    assert opened(paused, 25) == ["programme 02-20 02-26", "programme 03-13 03-19"]


def test_after_the_end_measures_go_on_at_a_longer_interval_and_then_stop() -> None:
    aftercare = [each for each in opened(FINISHED, 999) if each.startswith("aftercare")]

    assert len(opened(FINISHED, 16.1)) == 3
    assert aftercare[:2] == ["aftercare 04-07 04-13", "aftercare 05-07 05-13"]
    assert len(aftercare) == 6


@pytest.mark.parametrize("status", ["planned", "waitlist", "cancelled", "finished"])
def test_who_was_never_in_the_programme_is_asked_for_nothing(status: str) -> None:
    course = a_course((0, status))

    assert windows(course, UTC, ADMITTED + 99 * DAY) == []
    assert next_opening(course, UTC, ADMITTED) is None
    assert course.phase is None


@given(
    told=st.lists(st.tuples(st.floats(0, 60), STATUSES), min_size=1, max_size=6),
    moments=st.lists(MOMENTS, min_size=2, max_size=2),
)
def test_what_has_opened_stays_and_nothing_opens_before_its_time(
    told: list[tuple[float, str]], moments: list[datetime]
) -> None:
    course = a_course(*sorted(told))
    earlier, later = (windows(course, NEW_YORK, each) for each in sorted(moments))

    assert [each for each in later if each in earlier] == earlier
    assert all(each.opens <= max(moments) for each in later)
    assert len({(each.phase, each.first) for each in later}) == len(later)


@given(now=MOMENTS, told=st.lists(st.tuples(st.floats(0, 60), STATUSES), min_size=1, max_size=6))
def test_between_now_and_the_next_opening_no_window_opens(
    now: datetime, told: list[tuple[float, str]]
) -> None:
    course = a_course(*sorted(told))
    now = max(now, course.states[-1].since)
    opening = next_opening(course, NEW_YORK, now)
    just_before = (opening or now + 400 * DAY) - timedelta(microseconds=1)

    assert windows(course, NEW_YORK, just_before) == windows(course, NEW_YORK, now)
    if opening is not None:
        assert len(windows(course, NEW_YORK, opening)) == len(windows(course, NEW_YORK, now)) + 1


def test_windows_are_local_days_where_the_clocks_are_changed() -> None:
    found = windows(IN_CARE, NEW_YORK, ADMITTED + 30 * DAY)

    for one, next_one in pairwise(found):
        assert next_one.first - one.last == DAY
    assert [each.opens.hour for each in found] == [15, 5, 5, 4, 4]


def test_the_rhythm_is_weekly_and_then_monthly_as_data() -> None:
    assert (RHYTHMS["programme"].interval_days, RHYTHMS["programme"].period_days) == (7, None)
    assert RHYTHMS["aftercare"].interval_days == 30
    names = [each.instrument.questionnaire for each in SCHEDULES if each.grounds is None]
    assert names == ["phq-9", "gad-7", "phq-a"]


def test_a_measure_is_asked_for_once_by_its_name() -> None:
    measures = [
        Measure("e1", "p1", instrument, window)
        for window in windows(FINISHED, UTC, ADMITTED + 50 * DAY)
        for instrument in [each.instrument for each in SCHEDULES]
    ]
    bundle = task.opening(measures)
    tasks, said = bundle["entry"][::2], bundle["entry"][1::2]

    assert validate(bundle) == []
    assert bundle == task.opening(measures)
    assert len({each.cause for each in measures}) == len(measures) == len(tasks)
    for measure, entry, told in zip(measures, tasks, said, strict=True):
        assert entry["request"]["ifNoneExist"] == f"identifier={CAUSE}|{measure.cause}"
        assert entry["resource"]["identifier"][0]["value"] == measure.cause
        assert task.cause_of(entry["resource"]) == task.Cause(
            "e1", measure.window.phase, measure.instrument.questionnaire, measure.window.first
        )
        assert told["resource"]["target"] == [{"reference": entry["fullUrl"]}]
        assert "reference" not in told["resource"]["agent"][0]["who"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code": {"coding": [{"system": code_system("task"), "code": "referral"}]}},
        {"code": {"text": "Answer the PHQ-9"}},
        {"identifier": []},
        {"identifier": [{"system": CAUSE, "value": "EpisodeOfCare/e1/measure"}]},
        {"identifier": [{"system": "https://elsewhere.example", "value": "1"}]},
    ],
)
def test_another_task_is_no_measure_of_ours(changes: dict[str, Any]) -> None:
    assert task.is_measure(a_task())
    assert not task.is_measure(a_task(**changes))
    assert settling.due_of(a_task(**changes), UTC) is None


@pytest.mark.parametrize(
    ("authored", "expected"),
    [
        ("2026-02-20T15:29:00Z", False),
        ("2026-02-20T15:31:00Z", True),
        ("2026-02-20", True),
        ("2026-02-26T23:59:59Z", True),
        ("2026-02-27T00:00:00Z", False),
        ("2026-03-01", False),
    ],
)
def test_an_answer_counts_in_the_window_in_which_it_was_given(
    authored: str, *, expected: bool
) -> None:
    received = datetime(2026, 2, 27, tzinfo=UTC)

    assert settling.answers(a_response(authored), received, a_task(), PLACE) is expected


def test_an_answer_without_a_date_was_given_when_it_was_received() -> None:
    inside, outside = datetime(2026, 2, 22, tzinfo=UTC), datetime(2026, 2, 27, tzinfo=UTC)

    assert settling.answers(a_response(None), inside, a_task(), PLACE)
    assert not settling.answers(a_response(None), outside, a_task(), PLACE)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"status": "amended"}, True),
        ({"questionnaire": f"{CANONICAL}/Questionnaire/phq-9"}, True),
        ({"status": "in-progress"}, False),
        ({"status": "entered-in-error"}, False),
        ({"questionnaire": f"{CANONICAL}/Questionnaire/gad-7"}, False),
        ({"questionnaire": "https://elsewhere.example/Questionnaire/phq-9"}, False),
        ({"questionnaire": None}, False),
        ({"subject": {"reference": "Patient/p2"}}, False),
        ({"subject": None}, False),
    ],
)
def test_only_a_completed_response_of_the_person_to_the_same_questions_answers(
    changes: dict[str, Any], *, expected: bool
) -> None:
    response = a_response("2026-02-22", **changes)

    assert settling.answers(response, ADMITTED, a_task(), PLACE) is expected


DUE = datetime(2026, 2, 27, tzinfo=UTC)
OVERDUE = settling.settled(a_task(), "mark")


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (DUE - DAY, a_task(), "wait"),
        (DUE, a_task(), "mark"),
        (DUE, OVERDUE, "wait"),
        (DUE + GRACE, OVERDUE, "fail"),
        (DUE + GRACE, a_task(), "fail"),
    ],
)
def test_a_measure_is_late_and_then_missed_once(
    now: datetime, before: dict[str, Any], expected: str
) -> None:
    assert settling.due_of(before, UTC) == DUE
    assert settling.next_step(before, DUE, IN_CARE, is_answered=False, now=now) == expected
    assert settling.next_step(before, DUE, IN_CARE, is_answered=True, now=now) == "complete"


@pytest.mark.parametrize(
    ("course", "now", "expected"),
    [
        (FINISHED, DUE - DAY, "cancel"),
        (a_course((0, "active"), (1, "cancelled")), DUE - DAY, "cancel"),
        (a_course((0, "active"), (1, "deleted")), DUE - DAY, "cancel"),
        (a_course((0, "active"), (1, "onhold")), DUE - DAY, "wait"),
        (a_course((0, "active"), (1, "onhold")), DUE, "cancel"),
    ],
)
def test_a_measure_is_not_wanted_when_the_programme_pauses_or_ends(
    course: Course, now: datetime, expected: str
) -> None:
    assert settling.next_step(a_task(), DUE, course, is_answered=False, now=now) == expected


def test_a_measure_of_aftercare_ends_when_the_person_comes_back() -> None:
    asked = a_task(a_measure(FINISHED))
    back = a_course((0, "active"), (16, "finished"), (40, "active"))
    due = settling.due_of(asked, UTC)

    assert due is not None
    assert settling.next_step(asked, due, FINISHED, is_answered=False, now=due - DAY) == "wait"
    assert settling.next_step(asked, due, back, is_answered=False, now=due - DAY) == "cancel"


@pytest.mark.parametrize(
    ("step", "status"),
    [("complete", "completed"), ("mark", "requested"), ("fail", "failed"), ("cancel", "cancelled")],
)
def test_what_a_step_makes_is_asked_for_from_the_version_that_was_read(
    step: settling.Step, status: str
) -> None:
    before = a_task()
    after = settling.settled(before, step, "QuestionnaireResponse/r1")
    bundle = task.settling(
        before, after, ["QuestionnaireResponse/r1/_history/1"], "2026-02-27T00:00:00Z"
    )

    assert validate(bundle) == []
    assert after["status"] == status
    assert settling.is_overdue(after) == (step in {"mark", "fail"})
    assert ("output" in after) == (step == "complete")
    assert bundle["entry"][0]["request"]["ifMatch"] == 'W/"1"'
    assert (settling.due_of(after, UTC) is None) == (step != "mark")


def test_it_is_looked_at_again_when_the_window_and_when_the_grace_is_over() -> None:
    assert settling.next_look(DUE, DUE - DAY) == DUE
    assert settling.next_look(DUE, DUE) == DUE + GRACE


def test_repeated_versions_are_one_state() -> None:
    course = a_course((0, "planned"), (1, "active"), (2, "active"), (3, "onhold"))

    assert [state.number for state in course.states] == [1, 2, 4]
    assert course.active_from(ADMITTED, ADMITTED + 9 * DAY) == ADMITTED + DAY
    assert course.active_from(ADMITTED + 4 * DAY, ADMITTED + 9 * DAY) is None
    assert first_measure().window.first == date(2026, 2, 20)
