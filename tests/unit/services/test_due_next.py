"""When each measure is due next, against the windows that open as time goes on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.progress_api.domain.measures.choosing import Ground, Person, due, due_next
from services.progress_api.domain.measures.course import Course, State
from services.progress_api.domain.measures.windows import start_of_day

NEW_YORK = ZoneInfo("America/New_York")
ADMITTED = datetime(2026, 2, 20, 4, 59, tzinfo=UTC)
DAY = timedelta(days=1)
GROUNDS = tuple(
    Ground(
        {
            "resourceType": "Condition",
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]},
        },
        ADMITTED,
    )
    for code in ("F10.20", "F43.10")
)
ADULT = Person(date(1980, 5, 4), GROUNDS)


def a_course(*told: tuple[int, str]) -> Course:
    return Course.of([State(ADMITTED + day * DAY, each, i) for i, (day, each) in enumerate(told)])


IN_CARE = a_course((0, "active"))


@pytest.mark.parametrize(
    "course", [IN_CARE, a_course((0, "active"), (0, "finished"))], ids=["programme", "aftercare"]
)
@pytest.mark.parametrize("minutes", [-1, 0, 1])
def test_on_every_day_it_is_the_first_window_that_has_not_opened(
    course: Course, minutes: int
) -> None:
    told = list(due(course, ADULT, NEW_YORK, ADMITTED + 320 * DAY))
    for day in range(1, 220):
        local = ADMITTED.astimezone(NEW_YORK).date() + day * DAY
        now = start_of_day(local, NEW_YORK) + timedelta(minutes=minutes)
        expected: dict[str, tuple[date, date]] = {}
        for instrument, window in told:
            if start_of_day(window.first, NEW_YORK) > now:
                expected.setdefault(instrument.questionnaire, (window.first, window.last))

        assert due_next(course, ADULT, NEW_YORK, now) == expected


def test_it_is_asked_of_whom_the_policy_asks_it_on_that_day() -> None:
    nobody_asks = Person(date(2008, 2, 26), ())

    def names(now: datetime) -> set[str]:
        return set(due_next(IN_CARE, nobody_asks, NEW_YORK, now))

    # The next window begins the day after the eighteenth birthday.
    assert names(ADMITTED - DAY) == {"phq-a", "gad-7"}
    assert names(ADMITTED + 3 * DAY) == {"phq-9", "gad-7"}


@pytest.mark.parametrize(
    "course",
    [a_course((0, "planned")), a_course((0, "active"), (3, "onhold")), a_course((0, "finished"))],
    ids=["planned", "on hold", "never active"],
)
def test_who_is_not_asked_has_nothing_due_next(course: Course) -> None:
    assert due_next(course, ADULT, NEW_YORK, ADMITTED + 5 * DAY) == {}
