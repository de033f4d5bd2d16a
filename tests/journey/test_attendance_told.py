"""Nobody is told to have come to a session, or missed it, before its hour, whoever writes how."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.api.resources import bundle, put
from tests.journey.hospital import Hospital
from tests.journey.participant import ACT_CODE, Participant
from tests.journey.writing_ways import CHANGING, CREATING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.writing_ways import Way
    from tests.programs import Programs
    from tests.services.person import Resource

HOUR = timedelta(hours=1)
WAYS = [*CREATING.items(), *CHANGING.items()]
APPOINTMENT, ENCOUNTER, BEGINS = "Appointment.status", "Encounter.status", "Appointment.start"


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(base_url=stack.fhir, headers=headers, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Participant:
    return Participant(http, "finished")


@pytest.fixture
def now(person: Participant) -> datetime:
    return person.now()


def visit(session: Resource, status: str = "planned", **elements: object) -> Resource:
    """The Encounter of a session, for as long as that lasts."""
    return {
        "resourceType": "Encounter",
        "id": f"v-{uuid.uuid4()}",
        "status": status,
        "class": {"system": ACT_CODE, "code": "AMB"},
        "subject": session["participant"][0]["actor"],
        "appointment": [{"reference": f"Appointment/{session['id']}"}],
        "period": {"start": session["start"], "end": session["end"]},
        **elements,
    }


@pytest.mark.parametrize("way", [way for _, way in WAYS], ids=[name for name, _ in WAYS])
def test_the_law_holds_by_every_way_of_writing(
    http: httpx.Client, person: Participant, now: datetime, way: Way
) -> None:
    ahead, past = (person.session(now + n * HOUR) for n in (3, -3))
    for status in ("noshow", "fulfilled"):
        assert way(http, ahead, status) == (422, APPOINTMENT)
    planned, over = person.put(visit(ahead)), person.put(visit(past))
    for status in ("arrived", "finished"):
        assert way(http, planned, status) == (422, ENCOUNTER)

    assert way(http, over, "finished").status in {200, 201}
    assert way(http, past, "noshow").status in {200, 201}
    told = person.found("Appointment", status="noshow,fulfilled", date=f"gt{now.isoformat()}")
    assert told == []
    assert person.found("Encounter", status="arrived,finished", date=f"gt{now.isoformat()}") == []
    assert person.read(planned)["status"] == "planned"


def test_a_visit_waits_for_its_own_time_and_for_that_of_its_session(
    http: httpx.Client, person: Participant, now: datetime
) -> None:
    ahead, past = (person.session(now + n * HOUR) for n in (3, -3))
    begun = {"start": (now - HOUR).isoformat(), "end": now.isoformat()}
    both = [{"reference": f"Appointment/{each['id']}"} for each in (ahead, past)]

    def status(encounter: Resource) -> int:
        return http.put(f"Encounter/{encounter['id']}", json=encounter).status_code

    assert status(visit(ahead, "in-progress", period=begun)) == 422
    assert status(visit(past, "in-progress", period={"start": ahead["start"]})) == 422
    assert status(visit(past, "in-progress", period=begun)) == 201
    assert status(visit(ahead, "in-progress", appointment=both, period=begun)) == 201
    assert status(visit(ahead, "in-progress", period={})) == 422
    ward = {"system": ACT_CODE, "code": "IMP"}
    assert status(visit(ahead, "in-progress", period=begun, **{"class": ward})) == 201


def test_what_is_written_together_is_held_against_each_other(
    http: httpx.Client, person: Participant, now: datetime
) -> None:
    begun = {"start": (now - HOUR).isoformat(), "end": now.isoformat()}
    for hours, status in ((3, 422), (-5, 200)):
        session = person.session(now + (hours - 6) * HOUR)
        moved = session | {"start": (now + hours * HOUR).isoformat()}
        moved["end"] = (now + (hours + 1) * HOUR).isoformat()
        both = bundle("transaction", put(visit(session, "finished", period=begun)), put(moved))
        assert http.post("", json=both).status_code == status


def test_who_was_told_to_have_come_has_not_come_to_another_time(
    http: httpx.Client, person: Participant, now: datetime
) -> None:
    for hours, status in ((3, 422), (-5, 200)):
        came = person.session(now - 3 * HOUR, status="fulfilled")
        start = now + hours * HOUR
        moved = came | {"start": start.isoformat(), "end": (start + HOUR).isoformat()}
        assert http.put(f"Appointment/{came['id']}", json=moved).status_code == status


def moved(session: Resource, start: datetime, **elements: object) -> Resource:
    """The session at another time."""
    end = start + HOUR
    return session | {"start": start.isoformat(), "end": end.isoformat(), **elements}


@pytest.mark.parametrize("status", ["arrived", "finished"])
def test_a_session_to_which_somebody_has_come_is_not_moved_ahead(
    http: httpx.Client, person: Participant, now: datetime, status: str
) -> None:
    session, other = (person.session(now - n * HOUR) for n in (3, 5))
    visited = person.put(visit(session, status))
    for told in ("booked", "cancelled", "pending"):
        answer = http.put(
            f"Appointment/{session['id']}", json=moved(session, now + 3 * HOUR, status=told)
        )
        assert answer.status_code == 422, answer.text
        assert answer.json()["issue"][0]["expression"] == [BEGINS]
    assert person.read(session)["start"] == session["start"]

    person.put(moved(session, now - 2 * HOUR))
    person.put(moved(other, now + 3 * HOUR))
    corrected = put(visited | {"status": "entered-in-error"})
    both = bundle("transaction", put(moved(session, now + 4 * HOUR)), corrected)
    assert http.post("", json=both).status_code == 200


def test_a_session_is_moved_where_the_visit_has_another_that_is_over(
    http: httpx.Client, person: Participant, now: datetime
) -> None:
    first, second = (person.session(now - n * HOUR) for n in (3, 5))
    both = [{"reference": f"Appointment/{each['id']}"} for each in (first, second)]
    person.put(visit(first, "finished", appointment=both))

    person.put(moved(first, now + 3 * HOUR))
    answer = http.put(f"Appointment/{second['id']}", json=moved(second, now + 5 * HOUR))
    assert answer.status_code == 422


def test_a_notice_is_held_to_it_too(http: httpx.Client, now: datetime) -> None:
    for hours, status in ((3, 422), (-3, 200)):
        hospital = Hospital(http)
        start = now + hours * HOUR
        changes = {
            "class": {"system": ACT_CODE, "code": "AMB"},
            "appointment": [{"reference": "Appointment/theirs"}],
            "period": {"start": start.isoformat(), "end": (start + HOUR).isoformat()},
        }
        answer = http.post("$process-message", json=hospital.notice("admit", Encounter=changes))
        assert answer.status_code == status, answer.text
