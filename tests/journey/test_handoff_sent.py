"""A handoff goes to the clinic's own server: what is told, and what becomes of a refusal."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.care.canonical import code_system, profile
from shared.fhir.references import Links
from tests.journey.participant import Participant
from tests.journey.referring import moved, stands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

MARKER = "PROTECTEDMARKER"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
LABELS = {"meta": {"security": [{"system": ACT_CODE, "code": "42CFRPart2"}]}}


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(
        base_url=all_in_one.fhir, headers=headers, timeout=180, trust_env=False
    ) as each:
        told = {"resourceType": "Practitioner", "id": "tester"}
        assert each.put("Practitioner/tester", json=told).is_success
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Participant]:
    person = Participant(http)
    yield person
    person.leaves()


class Partner:
    """A FHIR server elsewhere that answers as it is told, in turn, and then always alike."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked: list[tuple[str, Any]] = []
        self.address = ""

    def answer(self, path: str, body: bytes) -> int:
        self.asked.append((path, json.loads(body)))
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@contextmanager
def running(*statuses: int) -> Iterator[Partner]:
    partner = Partner(*statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = partner.answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_PUT(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        partner.address = f"http://127.0.0.1:{server.server_address[1]}/fhir"
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield partner
        finally:
            server.shutdown()


def clinic(person: Participant, address: str | None) -> str:
    """A clinic with an endpoint of its own, if it has an address."""
    name = f"clinic-{uuid.uuid4()}"
    told: Resource = {"resourceType": "Organization", "id": name, "name": "Clinic"}
    if address:
        endpoint: Resource = {"resourceType": "Endpoint", "id": name, "status": "active"}
        endpoint |= {"connectionType": {"code": "hl7-fhir-rest"}, "address": address}
        person.put(endpoint | {"payloadType": [{"text": "any"}]})
        told["endpoint"] = [{"reference": f"Endpoint/{name}"}]
    person.put(told)
    return f"Organization/{name}"


def hand_off(person: Participant, recipient: str) -> httpx.Response:
    told = {"name": "recipient", "valueReference": {"reference": recipient}}
    body = {"resourceType": "Parameters", "parameter": [told]}
    return person.http.post(f"EpisodeOfCare/{person.episode['id']}/$handoff", json=body)


def handed_off(person: Participant, recipient: str) -> dict[str, Resource]:
    answer = hand_off(person, recipient)
    assert answer.status_code == 200, answer.text
    return {each["name"]: each["resource"] for each in answer.json()["parameter"]}


def escalated(person: Participant) -> list[str]:
    person.pass_time()
    found = person.found("Task", code=f"{code_system('task')}|escalation")
    return [each["description"] for each in found]


def test_a_handoff_is_one_transaction_that_is_sent_until_it_is_answered(
    person: Participant,
) -> None:
    with running(503, 503, 200) as partner:
        made = handed_off(person, clinic(person, partner.address))
        assert escalated(person) == []

    bodies = [body for _, body in partner.asked]
    assert [path for path, _ in partner.asked] == ["/fhir"] * 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["type"] == "transaction"
    entries = [each["resource"] for each in bodies[0]["entry"]]
    documents = [each["entry"] for each in entries if each["resourceType"] == "Bundle"]
    assert documents == [made["document"]["entry"]]
    assert all("identifier=" in each["request"]["ifNoneExist"] for each in bodies[0]["entry"])


def disclosures(person: Participant) -> list[tuple[str, str, str]]:
    """What went outside of a person's: the kind of event, who got it, and what it was."""
    return [
        (
            each["type"]["code"],
            each["agent"][0]["who"]["reference"],
            each["entity"][0]["what"]["reference"],
        )
        for each in person.found("AuditEvent", subtype="disclose")
    ]


def test_a_packet_that_is_sent_is_a_disclosure_in_the_audit(person: Participant) -> None:
    assert disclosures(person) == []
    with running(503, 200) as partner:
        recipient = clinic(person, partner.address)
        handed_off(person, recipient)
        assert escalated(person) == []

    [summary] = person.found("DocumentReference")
    version = f"DocumentReference/{summary['id']}/_history/1"
    assert disclosures(person) == [("110106", recipient, version)]


def reworded(person: Participant, document: Resource, title: str) -> Resource:
    document = person.read(document)
    document["entry"][0]["resource"]["title"] = title
    return person.put(document)


def test_a_document_that_is_amended_is_sent_anew_once_while_the_handoff_is_open(
    person: Participant,
) -> None:
    with running(200) as partner:
        recipient = clinic(person, partner.address)
        made = handed_off(person, recipient)
        # Packet and document have a stream each, so that either could be there first.
        person.pass_time()
        amended = reworded(person, made["document"], "Amended")
        person.put(amended)
        assert escalated(person) == []
        reason = {"valueCodeableConcept": {"text": "No place"}}
        declined = moved(person.http, made["task"], "decline", recipient, statusReason=reason)
        assert stands(declined)[0] == "rejected"
        reworded(person, made["document"], "Too late")
        assert escalated(person) == []

    [(sent, _), (again, body)] = [each for each in partner.asked if "Task" not in each[0]]
    assert sent == "/fhir"
    known = next(e for e in partner.asked[0][1]["entry"] if e["request"]["url"] == "Bundle")
    assert again == f"/fhir/Bundle?{known['request']['ifNoneExist']}"
    assert body["entry"] == amended["entry"]
    assert body["identifier"] == known["resource"]["identifier"]
    assert len(disclosures(person)) == 2


def test_a_packet_that_a_partner_fetches_is_a_disclosure_and_what_we_read_is_none(
    person: Participant,
) -> None:
    recipient = clinic(person, None)
    handed_off(person, recipient)
    [summary] = person.found("DocumentReference")
    path = f"DocumentReference/{summary['id']}"
    assert person.http.get(path).is_success
    assert disclosures(person) == []

    assert person.http.get(path, headers={"X-Stepdown-Actor": recipient}).is_success
    assert disclosures(person) == [("rest", recipient, f"{path}/_history/1")]


@pytest.mark.parametrize("status", [400, 412, 422])
def test_a_refusal_is_for_a_person_to_look_at_once(person: Participant, status: int) -> None:
    with running(status) as partner:
        task = handed_off(person, clinic(person, partner.address))["task"]
        [told] = escalated(person)

    assert f"status {status}" in told
    assert len(partner.asked) == 1
    assert escalated(person) == [told]
    [found] = person.found("Task", code=f"{code_system('task')}|escalation")
    assert found["partOf"] == [{"reference": f"Task/{task['id']}"}]


@pytest.mark.parametrize("address", ["http://clinic.example/fhir", "http://169.254.169.254/fhir"])
def test_an_address_that_may_not_be_called_is_for_a_person_too(
    person: Participant, address: str
) -> None:
    handed_off(person, clinic(person, address))

    [told] = escalated(person)
    assert "may not be called" in told


def test_without_an_endpoint_a_handoff_is_left_to_be_fetched(person: Participant) -> None:
    task = handed_off(person, clinic(person, None))["task"]

    assert escalated(person) == []
    assert "identifier" not in task["owner"]
    assert person.http.get(f"Task/{task['id']}").is_success


def protect(person: Participant) -> None:
    """Keep something protected, and refer to it wherever a packet looks."""
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    active = {"coding": [{"system": clinical, "code": "active"}]}
    secret = {"resourceType": "Condition", "id": f"x-{person.id}", "clinicalStatus": active}
    person.put(secret | LABELS | {"subject": person.reference, "code": {"text": MARKER}})
    named = {"reference": f"Condition/x-{person.id}", "display": MARKER}
    plan: Resource = {"resourceType": "CarePlan", "id": f"plan-{person.id}", "status": "active"}
    plan |= {"intent": "plan", "title": "Plan", "addresses": [named], "subject": person.reference}
    markup = f'<div xmlns="http://www.w3.org/1999/xhtml">{MARKER}</div>'
    person.put(plan | {"text": {"status": "generated", "div": markup}})
    session = person.session(person.now())
    person.attends(session, diagnosis=[{"condition": named}])


def permit(person: Participant, recipient: str) -> None:
    scope = {"coding": [{"code": "patient-privacy"}]}
    consent: Resource = {"resourceType": "Consent", "id": f"c-{person.id}", "status": "active"}
    consent |= {"scope": scope, "category": [{"text": "Disclosure"}], "patient": person.reference}
    actor = {"role": {"text": "recipient"}, "reference": {"reference": recipient}}
    provision = {"type": "permit", "actor": [actor], "purpose": [{"code": "TREAT"}]}
    person.put(consent | {"policyRule": {"text": "Part 2"}, "provision": provision})


def test_without_a_consent_nothing_protected_is_in_the_packet(person: Participant) -> None:
    protect(person)
    permit(person, clinic(person, None))
    with running(200) as partner:
        made = handed_off(person, clinic(person, partner.address))
        assert escalated(person) == []

    assert MARKER not in f"{made}{partner.asked}"
    assert [each["code"] for each in made["document"]["meta"]["security"]] == ["N"]
    inside = {tuple(e["fullUrl"].split("/")[-2:]) for e in made["document"]["entry"]}
    assert ("Condition", f"x-{person.id}") not in inside
    assert ("CarePlan", f"plan-{person.id}") in inside
    for each in made["document"]["entry"]:
        assert set(Links(each["resource"]).local_targets()) <= inside


def test_with_a_consent_it_goes_along_with_a_notice_and_the_consent(person: Participant) -> None:
    protect(person)
    recipient = clinic(person, None)
    permit(person, recipient)
    document = handed_off(person, recipient)["document"]

    assert MARKER in str(document)
    labels = [each["code"] for each in document["meta"]["security"]]
    assert labels == ["R", "42CFRPart2", "NORDSCLCD"]
    [summary] = person.found("DocumentReference")
    assert [each["coding"][0]["code"] for each in summary["securityLabel"]] == labels
    notice = document["entry"][0]["resource"]["section"][-1]
    assert "42 CFR part 2 prohibits" in notice["text"]["div"]
    assert notice["entry"] == [{"reference": f"Consent/c-{person.id}"}]
    assert "Consent" in {each["resource"]["resourceType"] for each in document["entry"]}


def test_of_a_part_2_programme_nothing_goes_without_a_consent_and_all_with_the_notice(
    person: Participant,
) -> None:
    extension = [{"url": profile("part-2-programme"), "valueBoolean": True}]
    programme = f"programme-{person.id}"[:60]
    organization = {"resourceType": "Organization", "id": programme, "name": "Substance use"}
    person.put(organization | {"extension": extension})
    managed = {"managingOrganization": {"reference": f"Organization/{programme}"}}
    person.episode = person.put(person.read(person.episode) | managed)
    recipient = clinic(person, None)
    refused = hand_off(person, recipient)
    assert refused.status_code == 409, refused.text
    assert "no active Consent permits" in refused.text

    permit(person, recipient)
    document = handed_off(person, recipient)["document"]
    labels = [each["code"] for each in document["meta"]["security"]]
    assert labels == ["R", "42CFRPart2", "NORDSCLCD"]
    notice = document["entry"][0]["resource"]["section"][-1]
    assert "42 CFR part 2 prohibits" in notice["text"]["div"]
    assert notice["entry"] == [{"reference": f"Consent/c-{person.id}"}]


def test_what_is_amended_after_the_consent_was_taken_back_is_for_a_person(
    person: Participant,
) -> None:
    protect(person)
    with running(200) as partner:
        recipient = clinic(person, partner.address)
        permit(person, recipient)
        made = handed_off(person, recipient)
        # What people have worded themselves is not cut by us.
        reworded(person, made["document"], "Amended")
        assert escalated(person) == []
        consent = person.read({"resourceType": "Consent", "id": f"c-{person.id}"})
        person.put(consent | {"status": "inactive"})
        reworded(person, made["document"], "Amended again")
        [told] = escalated(person)

    assert "no active Consent permits" in told
    assert len([path for path, _ in partner.asked if "Task" not in path]) == 2
    assert len(disclosures(person)) == 2


def test_an_episode_that_is_protected_itself_is_told_only_with_a_consent(
    person: Participant,
) -> None:
    person.episode = person.put(person.read(person.episode) | LABELS)
    recipient = clinic(person, None)
    refused = hand_off(person, recipient)
    assert refused.status_code == 409, refused.text
    assert "no active Consent permits" in refused.text
    assert person.found("ServiceRequest") == []

    permit(person, recipient)
    assert hand_off(person, recipient).status_code == 200
