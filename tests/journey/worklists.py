"""One Task of each kind that the services ask for, made over HTTP by what calls for it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.care.canonical import CANONICAL, code_system, profile
from tests.documents import document
from tests.journey.answering import ITEM_9, response
from tests.journey.applying import Preferring
from tests.journey.candidate import Candidate
from tests.journey.hospital import Hospital
from tests.journey.participant import Participant
from tests.journey.planning import until
from tests.journey.programme import Programme
from tests.services.person import HIGH, LOW, MODERATE

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx


DAY = timedelta(days=1)
TEMPLATE = "iop-adult-mental-health"
NEEDED = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed"
YES = {"system": "http://snomed.info/sct", "code": "373066001"}


def discharged(http: httpx.Client) -> None:
    """A hospital tells of a discharge: a referral, and clocks."""
    hospital = Hospital(http)
    hospital.send(hospital.discharged())


def in_doubt(http: httpx.Client) -> None:
    """Somebody who refers themselves says too little of who they are."""
    Hospital(http).put(
        {
            "resourceType": "QuestionnaireResponse",
            "id": f"qr-{uuid.uuid4()}",
            "questionnaire": f"{CANONICAL}/Questionnaire/self-referral",
            "status": "completed",
            "authored": Hospital(http).now().isoformat(timespec="seconds"),
            "item": [{"linkId": "danger", "answer": [{"valueBoolean": False}]}],
        }
    )


def misrecorded(http: httpx.Client) -> None:
    """A transfer document tells what cannot be kept."""
    hospital = Hospital(http)
    body = document(hospital.person, mark="1", end=hospital.now().isoformat())
    urls = {each["resource"]["resourceType"]: each["fullUrl"] for each in body["entry"]}
    for each in body["entry"]:
        if each["resource"]["resourceType"] == "Condition":
            each["resource"]["recorder"] = {"reference": urls["Organization"]}
    assert http.post("Bundle", json=body).is_success


def waited_for(http: httpx.Client) -> None:
    """Somebody waits, and the one place becomes free; then there are more."""
    programme = Programme(http)
    programme.takes(1)
    leaving, waiting = programme.candidate(), programme.candidate()
    for each in (leaving, waiting):
        assert each.admit().is_success
    leaving.put(leaving.read(leaving.episode) | {"status": "finished"})
    until(lambda: waiting.found("Task", code=f"{code_system('task')}|place-free"))
    programme.takes(1000)


def admitted(http: httpx.Client) -> None:
    """A programme under Part 2 admits somebody who speaks another language."""
    programme = Programme(http)
    extension = [{"url": profile("part-2-programme"), "valueBoolean": True}]
    told = {"name": "Synthetic Programme", "extension": extension}
    organization = {"resourceType": "Organization", "id": programme.id} | told
    http.put(f"Organization/{programme.id}", json=organization).raise_for_status()
    person = programme.candidate()
    spoken = {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}}
    needs = {"extension": [{"url": NEEDED, "valueCoding": YES}]}
    patient = {"resourceType": "Patient", "id": person.id}
    person.put(patient | needs | {"communication": [spoken | {"preferred": True}]})
    assert person.admit().is_success


def authorised(http: httpx.Client) -> None:
    """What a payer has authorised ends in two days."""
    person = Participant(http)
    today = person.now().date()
    period = {"start": today.isoformat(), "end": (today + 2 * DAY).isoformat()}
    person.put(
        {
            "resourceType": "ClaimResponse",
            "id": f"authorised-{person.id}",
            "status": "active",
            "type": {"text": "institutional"},
            "use": "preauthorization",
            "patient": person.reference,
            "created": today.isoformat(),
            "insurer": {"display": "A payer"},
            "outcome": "complete",
            "preAuthPeriod": period,
        }
    )


def back_in_hospital(http: httpx.Client) -> None:
    """Somebody in the programme goes to hospital, and is discharged."""
    person = Participant(http)
    since = person.now()
    person.put(person.read(person.episode) | {"period": {"start": since.isoformat()}})
    began = {"start": since.isoformat()}
    person.put(person.stay("in-progress", period=began))
    until(lambda: person.read(person.episode)["status"] == "onhold")
    person.put(person.stay(period=began | {"end": person.now().isoformat()}))


def unsure(http: httpx.Client) -> None:
    """Whether somebody is safe is not known when a level of care is asked for."""
    Candidate(http).level_of_care()


def at_risk(http: httpx.Client) -> None:
    """Answers tell of risks, of each height, and one is a mistake that somebody has acted on."""
    for answer in (HIGH, MODERATE, LOW):
        person = Participant(http)
        person.put(person.risk(answer))
    person = Participant(http)
    person.put(person.risk(HIGH))
    found = until(lambda: person.found("Task", code=f"{code_system('task')}|safety-review"))
    doctor = person.put({"resourceType": "Practitioner", "id": f"d-{person.id}"})
    owner = {"reference": f"Practitioner/{doctor['id']}"}
    person.put(found[0] | {"status": "completed", "owner": owner})
    person.put(person.risk(HIGH, status="entered-in-error"))
    person = Participant(http)
    person.put(response("phq-9", person.reference, person.now().isoformat(), {ITEM_9: 1}))


def planned(http: httpx.Client) -> None:
    """One plan is a draft, another in force, and its clinician proposes a revision."""
    Preferring(http).plan(TEMPLATE)
    person = Preferring(http)
    active = person.activate(person.plan(TEMPLATE))
    until(lambda: {each["status"] for each in person.all("ServiceRequest")} == {"active"})
    [order, *_] = [e["reference"]["reference"] for e in active["activity"] if "reference" in e]
    asked = {"reason": "Mornings are hard now.", "remove": order}
    answer = person.ask(f"CarePlan/{active['id']}/$propose-revision", **asked)
    assert answer.is_success, answer.text


def not_come(http: httpx.Client) -> None:
    """Somebody misses three sessions in a row."""
    person = Participant(http)
    for hours in (50, 26, 2):
        person.session(person.now() - timedelta(hours=hours), status="noshow")


def handed_off(http: httpx.Client) -> None:
    """Somebody goes on to a clinic."""
    person = Participant(http)
    clinic = person.put({"resourceType": "Organization", "id": f"o-{person.id}", "name": "C"})
    recipient = {"reference": f"Organization/{clinic['id']}"}
    given = [{"name": "recipient", "valueReference": recipient}]
    doctor = person.put({"resourceType": "Practitioner", "id": f"d-{person.id}"})
    answer = http.post(
        f"EpisodeOfCare/{person.episode['id']}/$handoff",
        json={"resourceType": "Parameters", "parameter": given},
        headers={"X-Stepdown-Actor": f"Practitioner/{doctor['id']}"},
    )
    assert answer.is_success, answer.text


STORIES: tuple[Callable[[httpx.Client], None], ...] = (
    waited_for,  # The first, as whoever is in the programme takes a place.
    *(discharged, in_doubt, misrecorded, admitted, authorised, back_in_hospital),
    *(unsure, at_risk, planned, not_come, handed_off),
)
