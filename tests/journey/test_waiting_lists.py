"""Whoever waits first for a session has the place that comes free, once, and never one too many."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.appointment import SESSION_SYSTEM
from shared.care.canonical import POLICY
from shared.care.capacity import session_token, takes
from tests.journey.planning import Planned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

AT = {"start": "2031-03-03T09:00:00-05:00", "end": "2031-03-03T10:00:00-05:00"}


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=180, trust_env=False) as each:
        yield each


class Session:
    """A group session with so many places, and those who come to it."""

    def __init__(self, http: httpx.Client, places: int) -> None:
        self.http, self.host = http, Planned(http, None)
        self.identifier = {"system": SESSION_SYSTEM, "value": f"{uuid.uuid4()}|group|9"}
        room = self.host.put({"resourceType": "Location", "id": f"l-{uuid.uuid4()}"})
        actor = [{"reference": f"Location/{room['id']}"}]
        schedule = {"resourceType": "Schedule", "id": f"s-{uuid.uuid4()}", "actor": actor}
        self.host.put(schedule)
        self.slot = self.host.put(
            {
                "resourceType": "Slot",
                "id": f"t-{uuid.uuid4()}",
                "extension": [takes(places)],
                "identifier": [self.identifier],
                "schedule": {"reference": f"Schedule/{schedule['id']}"},
                "status": "free",
                **AT,
            }
        )

    def appointment(self, person: Planned, status: str, **changes: object) -> Resource:
        return {
            "resourceType": "Appointment",
            "id": f"a-{uuid.uuid4()}",
            "status": status,
            "identifier": [self.identifier],
            "description": "Group therapy",
            "participant": [{"actor": person.reference, "status": "accepted"}],
            **AT,
            **changes,
        }

    def come(self, number: int, status: str = "booked") -> list[tuple[Planned, Resource]]:
        people = [Planned(self.http) for _ in range(number)]
        return [(each, each.put(self.appointment(each, status))) for each in people]

    def booked(self) -> set[str]:
        asked = {"identifier": session_token(self.identifier["value"]), "status": "booked"}
        found = self.http.get("Appointment", params=asked).json().get("entry", ())
        return {each["resource"]["id"] for each in found}


def given_back(person: Planned, held: Resource) -> None:
    reason = {"text": "An exam."}
    person.put(held | {"status": "cancelled", "cancelationReason": reason})


def test_the_first_who_waits_has_the_place_and_is_told_once(http: httpx.Client) -> None:
    session = Session(http, 1)
    [(leaving, held)] = session.come(1)
    (first, mine), (second, other) = session.come(2, "waitlist")
    # What is noted meanwhile takes nobody's place in the line.
    mine = first.put(mine | {"comment": "By bus."})
    session.host.pass_time()
    assert session.booked() == {held["id"]}

    given_back(leaving, held)
    first.pass_time()

    assert session.booked() == {mine["id"]}
    now = first.read(mine)
    assert (now["status"], now["comment"]) == ("booked", "By bus.")
    assert second.read(other)["status"] == "waitlist"
    [said] = [e for e in first.told_of(mine) if POLICY in str(e["agent"])]
    assert [each["what"] for each in said["entity"]] == [
        {"reference": f"Slot/{session.slot['id']}"}
    ]
    [told] = first.all("Communication")
    assert told["about"] == [{"reference": f"Appointment/{mine['id']}"}]
    assert told["recipient"] == [first.reference]
    assert told["payload"][1]["contentString"] == "Group therapy: 2031-03-03 14:00"
    assert leaving.id not in str((told, said))
    assert second.all("Communication") == []
    assert http.get(f"Slot/{session.slot['id']}").json()["status"] == "busy"


def test_clinical_priority_goes_before_time(http: httpx.Client) -> None:
    session = Session(http, 1)
    [(leaving, held)] = session.come(1)
    session.come(1, "waitlist")
    (at_risk, theirs), (set_first, urgent) = session.come(2, "waitlist")
    at_risk.put(at_risk.risk())
    set_first.put(urgent | {"priority": 1})
    session.host.pass_time()

    given_back(leaving, held)
    leaving.pass_time()
    assert session.booked() == {theirs["id"]}

    given_back(at_risk, at_risk.read(theirs))
    at_risk.pass_time()
    assert session.booked() == {urgent["id"]}


def test_who_is_elsewhere_or_not_in_care_is_passed_over(http: httpx.Client) -> None:
    session = Session(http, 1)
    [(leaving, held)] = session.come(1)
    stranger = Planned(http, None)
    session.host.put(session.appointment(stranger, "waitlist"))
    (busy, theirs), (last, mine) = session.come(2, "waitlist")
    other = {
        name: v for name, v in session.appointment(busy, "booked").items() if name != "identifier"
    }
    busy.put(other)
    session.host.pass_time()

    given_back(leaving, held)
    last.pass_time()

    assert session.booked() == {mine["id"]}
    assert busy.read(theirs)["status"] == "waitlist"


def test_more_places_let_in_as_many_as_there_are(http: httpx.Client) -> None:
    session = Session(http, 1)
    [(_, held)] = session.come(1)
    line = session.come(4, "waitlist")
    session.host.pass_time()

    wider = session.host.read(session.slot) | {"extension": [takes(3)]}
    session.host.put(wider)
    session.host.pass_time()

    assert session.booked() == {held["id"], *(each["id"] for _, each in line[:2])}


def test_who_waits_before_a_slot_is_published_is_booked_with_it(http: httpx.Client) -> None:
    session = Session(http, 1)
    # Separators of searches are legal in a name.
    session.identifier |= {"value": f"{uuid.uuid4()}|group, in the evening|9"}
    (first, mine), (_, other) = session.come(2, "waitlist")
    session.host.pass_time()
    assert session.booked() == set()

    slot = session.slot | {"id": f"{session.slot['id']}-2", "identifier": [session.identifier]}
    session.host.put({name: value for name, value in slot.items() if name != "meta"})
    first.pass_time()

    assert session.booked() == {mine["id"]}
    refused = first.write(other | {"status": "booked"})
    assert refused.status_code == 409, refused.text


def test_a_place_is_given_once_however_many_ask_for_it_at_once(http: httpx.Client) -> None:
    session = Session(http, 3)
    there = session.come(3)
    session.come(2, "waitlist")
    asking = [Planned(http) for _ in range(6)]
    session.host.pass_time()

    with ThreadPoolExecutor(8) as pool:
        gone = [pool.submit(given_back, *each) for each in there[:2]]
        wanted = [session.appointment(each, "booked") for each in asking]
        answers = list(pool.map(lambda each: http.post("Appointment", json=each), wanted))
    for each in gone:
        each.result()
    session.host.pass_time()

    assert {each.status_code for each in answers} <= {201, 409}
    assert len(session.booked()) == 3


def test_the_history_of_a_move_is_kept_with_who_made_it(http: httpx.Client) -> None:
    person = Planned(http)
    session = Session(http, 2)
    held = person.put(session.appointment(person, "booked"))
    own = {name: value for name, value in held.items() if name != "identifier"}
    later = {"start": "2031-03-04T09:00:00-05:00", "end": "2031-03-04T10:00:00-05:00"}

    moved = person.write(own | later)

    assert moved.is_success, moved.text
    history = http.get(f"Appointment/{held['id']}/_history").json()["entry"]
    assert [each["resource"]["start"] for each in history] == [later["start"], AT["start"]]
    asked = {"entity": f"Appointment/{held['id']}", "action": "U"}
    [event] = http.get("AuditEvent", params=asked).json()["entry"]
    [who] = [e["who"]["reference"] for e in event["resource"]["agent"] if e["requestor"]]
    assert who == person.clinician
    assert event["resource"]["entity"][0]["what"]["reference"].endswith("/_history/2")
