"""Who does not come is reached out to: Tasks, attempts, and what makes them needless."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import POLICY, code_system
from tests.journey.participant import Participant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)
OUTREACH = code_system("outreach")


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


@pytest.fixture
def yesterday(person: Participant) -> datetime:
    return (person.now() - DAY).replace(hour=10, minute=0, second=0, microsecond=0)


def tasks(person: Participant, code: str = "outreach") -> list[Resource]:
    found = person.found("Task", code=f"{code_system('task')}|{code}")
    return sorted(found, key=lambda each: str(each["restriction"]["period"]["start"]))


def told(person: Participant, code: str = "outreach") -> list[tuple[str, str]]:
    """Of each Task the status, and the code of our reason or outcome."""
    return [(each["status"], reason(each)) for each in tasks(person, code)]


def reason(task: Resource) -> str:
    codings = [
        coding
        for name in ("statusReason", "businessStatus")
        for coding in task.get(name, {}).get("coding", ())
        if coding["system"] == OUTREACH
    ]
    return codings[0]["code"] if codings else ""


def tries(person: Participant, outcome: str, at: datetime) -> Resource:
    """Try to reach the person, and write down what came of it."""
    return person.put(
        {
            "resourceType": "Communication",
            "id": f"c-{uuid.uuid4()}",
            "status": "completed",
            "statusReason": {"coding": [{"system": OUTREACH, "code": outcome}]},
            "subject": person.reference,
            "sent": at.isoformat(),
        }
    )


def test_a_missed_session_asks_for_a_call_and_each_attempt_for_the_next(
    person: Participant, yesterday: datetime
) -> None:
    missed = person.session(yesterday, status="noshow")
    person.pass_time()
    [call] = tasks(person)
    assert (call["status"], call["priority"]) == ("requested", "urgent")
    assert call["focus"] == {"reference": f"Appointment/{missed['id']}"}
    assert call["restriction"]["period"]["end"] == yesterday.date().isoformat()
    assert call["code"]["coding"][1] == {"system": OUTREACH, "code": "call"}
    # Whether the call is overdue by now, and so was escalated too, depends on the time of day.
    agents = [each["agent"][0]["who"]["identifier"] for each in person.told_of(call)]
    assert {"system": POLICY, "value": "no-show-chain|1.0"} in agents

    attempt = tries(person, "left-message", yesterday + DAY / 6)
    person.pass_time()
    assert told(person) == [("completed", "left-message"), ("requested", "")]
    done = tasks(person)[0]["output"][0]["valueReference"]
    assert done == {"reference": f"Communication/{attempt['id']}"}

    tries(person, "no-answer", yesterday + DAY / 5)
    tries(person, "sent", yesterday + DAY / 4)
    person.pass_time()
    assert told(person) == [
        ("completed", "left-message"),
        ("completed", "no-answer"),
        ("completed", "sent"),
    ]


@pytest.mark.parametrize("outcome", ["reached", "declined"])
def test_being_reached_ends_the_chain(
    person: Participant, yesterday: datetime, outcome: str
) -> None:
    person.session(yesterday, status="noshow")
    tries(person, outcome, yesterday + DAY / 6)
    person.pass_time()

    assert told(person) == [("completed", outcome)]


def test_coming_again_ends_the_chain_and_one_chain_runs_at_a_time(
    person: Participant, yesterday: datetime
) -> None:
    for hour in range(3):
        person.session(yesterday + hour * DAY / 24, status="noshow")
    person.pass_time()
    assert told(person) == [("requested", "")]

    person.attends(person.session(yesterday + DAY / 2))
    person.pass_time()
    assert told(person) == [("cancelled", "attended")]


def test_a_no_show_that_was_none_withdraws_what_it_asked_for(
    person: Participant, yesterday: datetime
) -> None:
    first = person.session(yesterday, status="noshow")
    person.pass_time()
    assert told(person) == told(person, "make-up") == [("requested", "")]

    person.put(first | {"status": "fulfilled"})
    person.pass_time()
    assert told(person) == told(person, "make-up") == [("cancelled", "withdrawn")]

    person.put(first | {"status": "noshow"})
    person.pass_time()
    assert told(person) == told(person, "make-up") == [("requested", "")]


def test_what_people_decided_about_a_task_stands(person: Participant, yesterday: datetime) -> None:
    missed = person.session(yesterday, status="noshow")
    person.pass_time()
    [call] = tasks(person)
    person.put(call | {"status": "rejected", "statusReason": {"text": "On holiday."}})
    person.put(missed | {"comment": "told again"})
    person.pass_time()

    assert told(person) == [("rejected", "")]


def test_a_session_that_makes_up_is_linked_to_the_one_missed(
    person: Participant, yesterday: datetime
) -> None:
    missed = person.session(yesterday, status="noshow")
    person.pass_time()
    make_up = person.session(yesterday + 3 * DAY)
    link = [{"reference": f"Appointment/{missed['id']}"}]
    person.put(make_up | {"supportingInformation": link})
    person.pass_time()

    [offer] = tasks(person, "make-up")
    assert offer["status"] == "completed"
    assert offer["output"][0]["valueReference"] == {"reference": f"Appointment/{make_up['id']}"}
    person.put(make_up | {"supportingInformation": link, "status": "cancelled"})
    person.pass_time()
    assert told(person, "make-up") == [("requested", "")]


def test_two_missed_within_a_week_ask_for_a_review_once(
    person: Participant, yesterday: datetime
) -> None:
    sessions = [person.session(yesterday - n * DAY, status="noshow") for n in (6, 0)]
    person.pass_time()
    [review] = tasks(person, "risk-review")
    named = {each["valueReference"]["reference"] for each in review["input"]}
    assert named == {f"Appointment/{each['id']}" for each in sessions}

    person.session(yesterday - 13 * DAY, status="noshow")
    person.pass_time()
    assert len(tasks(person, "risk-review")) == 1


def test_three_in_a_row_ask_whether_the_plan_is_right(
    person: Participant, yesterday: datetime
) -> None:
    person.attends(person.session(yesterday - 4 * DAY))
    for n in (3, 2):
        person.session(yesterday - n * DAY, status="noshow")
    person.pass_time()
    assert tasks(person, "level-of-care-question") == []

    for n in (1, 0):
        person.session(yesterday - n * DAY, status="noshow")
    person.pass_time()
    assert told(person, "level-of-care-question") == [("requested", "")]


def test_nobody_is_called_who_is_on_hold_or_has_died(http: httpx.Client) -> None:
    for happens in ("hold", "death"):
        person = Participant(http)
        day = person.now() - DAY
        person.session(day, status="noshow")
        person.pass_time()
        if happens == "hold":
            person.becomes("onhold")
        else:
            person.put({"resourceType": "Patient", "id": person.id, "deceasedBoolean": True})
        person.pass_time()
        person.session(person.now() - DAY / 1440, status="noshow")
        person.pass_time()

        assert {each["status"] for each in tasks(person)} == {"cancelled"}, happens
        assert len(tasks(person)) == 1
        person.leaves()


def test_what_lies_far_back_asks_for_nothing(http: httpx.Client) -> None:
    person = Participant(http)
    person.session(person.now() - 20 * DAY, status="noshow")
    person.session(person.now() - 20 * DAY, status="noshow")
    stranger = Participant(http, "finished")
    stranger.session(person.now() - DAY, status="noshow")
    person.pass_time()

    assert tasks(person) == tasks(stranger) == []
    person.leaves()
