"""Sessions attended and missed become the hours of each week."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import POLICY, code_system, profile
from tests.journey.participant import ACT_CODE, Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(base_url=stack.fhir, headers=headers, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


@pytest.fixture
def monday(person: Participant) -> datetime:
    """Ten o'clock of a Monday whose week, and the one after it, are closed."""
    now = person.now()
    day = now - timedelta(days=now.weekday() + 21)
    return day.replace(hour=10, minute=0, second=0, microsecond=0)


def counted(person: Participant, code: str) -> list[Resource]:
    found = person.found("Observation", code=f"{code_system('measure')}|{code}")
    return sorted(found, key=lambda each: str(each["effectivePeriod"]["start"]))


def hours(person: Participant) -> list[float]:
    return [each["valueQuantity"]["value"] for each in counted(person, "delivered-hours")]


def missed(person: Participant) -> list[int]:
    return [each["valueInteger"] for each in counted(person, "missed-sessions")]


def test_sessions_of_a_week_are_added_up(person: Participant, monday: datetime) -> None:
    visits = [
        person.attends(person.session(monday, 180)),
        person.attends(person.session(monday + 2 * DAY, 180), late=20),
        person.attends(person.session(monday + 7 * DAY, 90)),
    ]
    person.pass_time()

    assert hours(person) == [5.67, 1.5]
    assert missed(person) == [0, 0]
    first, second = counted(person, "delivered-hours")
    assert first["effectivePeriod"]["start"] == monday.date().isoformat()
    assert first["effectivePeriod"]["end"] == (monday + 6 * DAY).date().isoformat()
    assert second["status"] == "final"
    assert second["meta"]["profile"] == [profile("stepdown-observation")]
    [said] = person.told_of(second)
    assert said["agent"][0]["who"]["identifier"]["system"] == POLICY
    sources = [each["what"]["reference"] for each in said["entity"]]
    assert sources == [f"Encounter/{visits[2]['id']}/_history/1"]


def test_time_is_counted_once_and_only_inside_sessions(
    person: Participant, monday: datetime
) -> None:
    first = person.session(monday, 120)
    # A room may be booked for one only, but two that were held may have overlapped.
    second = person.session(monday + HOUR, 120, "fulfilled")
    leave = {"start": (monday + HOUR / 4).isoformat(), "end": (monday + HOUR / 2).isoformat()}
    person.attends(first, statusHistory=[{"status": "onleave", "period": leave}])
    person.attends(second, period={"start": monday.isoformat(), "end": "2026-12-31"})
    person.attends(second, status="in-progress")
    stay = person.attends(second, status="cancelled")
    person.put(stay | {"status": "finished", "class": {"system": ACT_CODE, "code": "IMP"}})
    person.pass_time()

    assert hours(person) == [2.75]


def test_a_correction_amends_the_week(person: Participant, monday: datetime) -> None:
    session = person.session(monday, 120)
    visit = person.attends(session)
    person.pass_time()
    [first] = counted(person, "delivered-hours")

    person.put(visit | {"period": {"start": session["start"], "end": (monday + HOUR).isoformat()}})
    person.pass_time()
    [second] = counted(person, "delivered-hours")
    assert (first["status"], second["status"]) == ("final", "amended")
    assert (first["id"], hours(person)) == (second["id"], [1])

    person.put(visit | {"status": "entered-in-error"})
    person.pass_time()
    assert hours(person) == [0]


def test_a_visit_that_moves_to_another_week_leaves_the_first(
    person: Participant, monday: datetime
) -> None:
    visit = person.attends(person.session(monday, 60))
    person.pass_time()
    later = person.session(monday + 7 * DAY, 60)
    person.put(
        visit
        | {
            "appointment": [{"reference": f"Appointment/{later['id']}"}],
            "period": {"start": later["start"], "end": later["end"]},
        }
    )
    person.pass_time()

    assert hours(person) == [0, 1]


def test_missed_sessions_are_counted_and_a_mistake_is_taken_back(
    person: Participant, monday: datetime
) -> None:
    person.attends(person.session(monday, 60))
    missed_one = person.session(monday + DAY, 60, "noshow")
    person.session(monday + 2 * DAY, 60, "noshow")
    person.session(monday + 3 * DAY, 60, "cancelled")
    person.pass_time()
    assert (hours(person), missed(person)) == ([1], [2])

    person.put(missed_one | {"status": "fulfilled"})
    person.pass_time()
    assert missed(person) == [1]


def test_a_week_is_preliminary_until_its_visits_are_written_down(person: Participant) -> None:
    # At noon of a week's third day, so that the session lies in one week whenever this runs.
    until = 7 - person.now().weekday() + 2
    noon = (person.now() + until * DAY).replace(hour=12, minute=0, second=0, microsecond=0)
    person.pass_time(noon - person.now())
    person.attends(person.session(noon, 60))
    person.pass_time()
    [running] = counted(person, "delivered-hours")
    assert running["status"] == "preliminary"

    person.pass_time(10 * DAY)
    [over] = counted(person, "delivered-hours")
    assert (over["status"], over["valueQuantity"]) == ("final", running["valueQuantity"])


def test_of_who_is_not_in_care_nothing_is_counted(http: httpx.Client, monday: datetime) -> None:
    person = Participant(http, "finished")
    person.attends(person.session(monday, 60))
    person.pass_time()

    assert hours(person) == []
    # Nor does it hold up what is told of them later.
    person.becomes("active")
    person.attends(person.session(monday + DAY, 60))
    person.pass_time()
    assert hours(person) == [2]


def test_what_is_told_of_a_visit_after_care_has_ended_is_counted(
    http: httpx.Client, monday: datetime
) -> None:
    person = Participant(http)
    # Between whole hours, so in one week.
    just_now = (person.now() - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    first, second, last = (person.session(each, 60) for each in (monday, monday + DAY, just_now))
    attended = person.attends(first)
    person.pass_time()
    assert hours(person) == [1]
    person.becomes("finished")
    person.pass_time()

    person.attends(second)
    person.attends(last)
    person.pass_time()
    assert hours(person) == [2, 1]
    person.put(attended | {"status": "entered-in-error"})
    person.pass_time()
    assert hours(person) == [1, 1]
