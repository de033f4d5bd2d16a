"""Two sites hand a person over to one another over the network: nothing is lost, nothing twice."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import code_system
from shared.care.elsewhere import URI, known_as
from shared.care.referral.task import business_status
from tests.journey.participant import ACT_CODE, Participant
from tests.journey.referring import moved, stands
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.person import Resource

NPI = "http://hl7.org/fhir/sid/us-npi"
CLINICIAN = "Practitioner/tester"
HOSPITAL, CLINIC = "1234567893", "1245319599"
WAIT_SECONDS = 60


@dataclass(frozen=True)
class Site:
    """One whole instance, with a record of its own, and a client of it."""

    programs: Programs
    http: httpx.Client

    @property
    def base(self) -> str:
        return self.programs.fhir

    def put(self, resource: Resource) -> Resource:
        path = f"{resource['resourceType']}/{resource['id']}"
        answer = self.http.put(path, json=resource)
        assert answer.is_success, answer.text
        put: Resource = answer.json()
        return put

    def found(self, resource_type: str, **criteria: str) -> list[Resource]:
        answer = self.http.get(resource_type, params=criteria | {"_count": "100"})
        assert answer.is_success, answer.text
        return [each["resource"] for each in answer.json().get("entry", ())]

    def restart(self) -> None:
        """Start again what was killed, once the last of its workers has gone."""
        eventually(self._refuses)
        self.programs.start("front-door")

    def _refuses(self) -> list[Resource]:
        try:
            self.http.get("metadata")
        except httpx.ConnectError:
            return [{}]
        return []

    def knows(self, place: str, npi: str, address: str | None = None) -> None:
        """Put an Organization, and its endpoint where it has one."""
        told: Resource = {"resourceType": "Organization", "id": place, "name": place}
        if address:
            kind = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
            endpoint: Resource = {"resourceType": "Endpoint", "id": place, "status": "active"}
            endpoint |= {"connectionType": {"system": kind, "code": "hl7-fhir-rest"}}
            self.put(endpoint | {"payloadType": [{"text": "any"}], "address": address})
            told["endpoint"] = [{"reference": f"Endpoint/{place}"}]
        self.put(told | {"identifier": [{"system": NPI, "value": npi}]})


def eventually(look: Callable[[], list[Resource]]) -> list[Resource]:
    """Wait until something is found, and give it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("it never came")


@pytest.fixture(scope="module")
def sites(make_database: Callable[[], str]) -> Iterator[tuple[Site, Site]]:
    headers = {"X-Stepdown-Actor": CLINICIAN}
    with (
        Programs.all_in_one(make_database()) as first,
        Programs.all_in_one(make_database()) as second,
        httpx.Client(base_url=first.fhir, headers=headers, timeout=180, trust_env=False) as here,
        httpx.Client(base_url=second.fhir, headers=headers, timeout=180, trust_env=False) as there,
    ):
        ours, theirs = Site(first, here), Site(second, there)
        for site in (ours, theirs):
            site.put({"resourceType": "Practitioner", "id": "tester"})
        ours.knows("programme", HOSPITAL)
        ours.knows("clinic", CLINIC, theirs.base)
        theirs.knows("here", CLINIC)
        theirs.knows("hospital", HOSPITAL, ours.base)
        yield ours, theirs


@pytest.fixture
def person(sites: tuple[Site, Site]) -> Participant:
    person = Participant(sites[0].http)
    name = {"system": "http://hospital.example/mrn", "value": f"a,b|{uuid.uuid4()}"}
    sites[0].put(person.read({"resourceType": "Patient", "id": person.id}) | {"identifier": [name]})
    managed = {"managingOrganization": {"reference": "Organization/programme"}}
    person.episode = person.put(person.episode | managed)
    return person


def handed_over(person: Participant, **told: Resource) -> Resource:
    recipient: Resource = {
        "name": "recipient",
        "valueReference": {"reference": "Organization/clinic"},
    }
    others = [{"name": name, **value} for name, value in told.items()]
    body = {"resourceType": "Parameters", "parameter": [recipient, *others]}
    answer = person.http.post(f"EpisodeOfCare/{person.episode['id']}/$handoff", json=body)
    assert answer.is_success, answer.text
    [task] = [e["resource"] for e in answer.json()["parameter"] if e["name"] == "task"]
    made: Resource = task
    return made


def came(site: Site, sender: Site, task: Resource) -> Resource:
    """Wait for a Task that another site has sent."""
    name = f"{URI}|{sender.base}/Task/{task['id']}"
    [found] = eventually(lambda: site.found("Task", identifier=name))
    return found


def stands_at(task: Resource) -> str | None:
    return stands(task)[1] if "businessStatus" in task else None


def reaches(site: Site, task: Resource, code: str) -> Resource:
    """Wait until a Task of a site has a status or a business status."""

    def look() -> list[Resource]:
        now = site.http.get(f"Task/{task['id']}").json()
        return [now] if code in {now["status"], stands_at(now)} else []

    [found] = eventually(look)
    return found


def undelivered(site: Site) -> list[str]:
    tasks = site.found("Task", code=f"{code_system('task')}|escalation")
    return [each["description"] for each in tasks]


def on(site: Site, days: int) -> datetime:
    told = site.http.post("$clock").json()
    instant = datetime.fromisoformat(told["parameter"][0]["valueInstant"]) + timedelta(days=days)
    text = instant.isoformat(timespec="milliseconds")
    body = {"resourceType": "Parameters", "parameter": [{"name": "instant", "valueInstant": text}]}
    answer = site.http.post("$clock", json=body)
    assert answer.is_success, answer.text
    return instant


def visited(site: Site, patient: str, start: datetime) -> Resource:
    end = (start + timedelta(hours=1)).isoformat()
    return site.put(
        {
            "resourceType": "Encounter",
            "id": f"v-{uuid.uuid4()}",
            "status": "finished",
            "class": {"system": ACT_CODE, "code": "AMB"},
            "subject": {"reference": patient},
            "period": {"start": start.isoformat(), "end": end},
        }
    )


def stepped_up(site: Site, patient: str, address: str) -> Resource:
    """Refer a person who is in care at a site to the programme at an address."""
    name = str(uuid.uuid4())
    subject = {"reference": patient}
    site.put({"resourceType": "EpisodeOfCare", "id": name, "status": "active", "patient": subject})
    iop = {"coding": [{"system": code_system("programme"), "code": "iop"}]}
    request: Resource = {"resourceType": "ServiceRequest", "id": name, "status": "active"}
    site.put(request | {"intent": "order", "code": iop, "subject": subject})
    owner = {"reference": "Organization/hospital", "identifier": known_as(address)}
    task: Resource = {"resourceType": "Task", "id": name, "status": "received", "intent": "order"}
    task |= {"businessStatus": business_status("2.0"), "for": subject, "owner": owner}
    task |= {"code": {"coding": [{"system": code_system("task"), "code": "referral"}]}}
    task |= {"requester": {"reference": "Organization/here"}}
    return site.put(task | {"focus": {"reference": f"ServiceRequest/{name}"}})


def nothing_is_there_twice(site: Site, whose: str, person: Participant) -> None:
    site.programs.settle()
    assert undelivered(site) == []
    assert len(site.found("ServiceRequest", patient=whose)) == 2
    assert len(site.found("DocumentReference", patient=whose)) == 1
    [name] = person.read({"resourceType": "Patient", "id": person.id})["identifier"]
    people = site.found("Patient", identifier="http://hospital.example/mrn|")
    assert [each["identifier"][0] for each in people].count(name) == 1


def the_packet_came_whole(theirs: Site, patient: str, person: Participant) -> None:
    [summary] = theirs.found("DocumentReference", patient=patient)
    document = theirs.http.get(summary["content"][0]["attachment"]["url"]).json()
    attached = person.found("DocumentReference")[0]["content"][0]["attachment"]["url"]
    assert document["entry"] == person.http.get(attached).json()["entry"]


def test_a_person_goes_over_and_comes_back(sites: tuple[Site, Site], person: Participant) -> None:
    ours, theirs = sites
    theirs.programs.kill("front-door")
    task = handed_over(person)
    assert task["owner"]["identifier"] == known_as(theirs.base)
    theirs.restart()

    copy = came(theirs, ours, task)
    assert stands(copy) == ("received", "2.0")
    patient = copy["for"]["reference"]
    the_packet_came_whole(theirs, patient, person)

    moved(theirs.http, copy, "accept", "Organization/here")
    theirs.programs.kill("front-door")
    theirs.restart()
    reaches(ours, task, "3.0")
    moved(theirs.http, copy, "schedule", "Organization/here")
    moved(theirs.http, copy, "no-show", "Organization/here")
    # Whoever is told of a step may be down as well as whoever takes it.
    ours.programs.kill("front-door")
    moved(theirs.http, copy, "reschedule", "Organization/here")
    ours.restart()
    reaches(ours, task, "5.1.1")
    on(ours, 1)
    visit = visited(theirs, patient, on(theirs, 1))
    output = {"valueReference": {"reference": f"Encounter/{visit['id']}"}}
    moved(theirs.http, copy, "send-outcome", "Organization/here", output=output)
    closed = reaches(ours, task, "7.0")
    seen = closed["output"][-1]["valueReference"]["reference"]
    person.pass_time()
    week = person.found("Task", code=f"{code_system('clock')}|aftercare-7d")
    assert [each["status"] for each in week] == ["completed"]
    assert week[0]["output"][0]["valueReference"] == {"reference": seen}
    assert person.read(person.episode)["status"] == "finished"

    asked = stepped_up(theirs, patient, ours.base)
    back = came(ours, theirs, asked)
    assert back["for"]["reference"] == f"Patient/{person.id}"
    [planned] = eventually(lambda: ours.found("EpisodeOfCare", status="planned"))
    assert planned["patient"] == {"reference": f"Patient/{person.id}"}
    moved(ours.http, back, "accept", "Organization/programme")
    reaches(theirs, asked, "3.0")

    for site, whose in ((ours, f"Patient/{person.id}"), (theirs, patient)):
        nothing_is_there_twice(site, whose, person)
    assert [each["status"] for each in theirs.found("EpisodeOfCare")] == ["active"]


def test_the_clinic_declines_and_the_programme_withdraws_the_plain_way(
    sites: tuple[Site, Site], person: Participant
) -> None:
    ours, theirs = sites
    reason = {"statusReason": {"text": "There is no room."}}

    def become(site: Site, task: Resource, actor: str, **changes: object) -> None:
        path, headers = f"Task/{task['id']}", {"X-Stepdown-Actor": actor}
        told = site.http.get(path).json() | changes
        answer = site.http.put(path, json=told, headers=headers)
        assert answer.is_success, answer.text

    first = handed_over(person, plain={"valueBoolean": True})
    copy = came(theirs, ours, first)
    assert (copy["status"], "businessStatus" in copy) == ("requested", False)
    become(theirs, copy, "Organization/here", status="rejected", **reason)
    assert reaches(ours, first, "rejected")["statusReason"] == reason["statusReason"]

    second = handed_over(person)
    assert second["id"] != first["id"]
    copy = came(theirs, ours, second)
    moved(ours.http, second, "request-cancellation", CLINICIAN)
    code = stands_at(ours.http.get(f"Task/{second['id']}").json())
    assert code is not None
    reaches(theirs, copy, code)
    why = {"valueCodeableConcept": {"text": "Withdrawn."}}
    moved(theirs.http, copy, "confirm-cancellation", "Organization/here", statusReason=why)
    reaches(ours, second, "cancelled")

    for site in sites:
        site.programs.settle()
        assert undelivered(site) == []
    person.leaves()
