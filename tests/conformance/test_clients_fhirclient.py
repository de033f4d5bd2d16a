"""SMART's fhirclient, unchanged. https://github.com/smart-on-fhir/client-py"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException, FHIRServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs


@pytest.fixture
def server(all_in_one: Programs) -> Iterator[Any]:
    client = FHIRClient(settings={"app_id": "tests", "api_base": all_in_one.fhir})
    yield client.server
    client.server.session.close()


def family() -> str:
    return f"Synthetic-{uuid.uuid4().hex}"


def created(server: FHIRServer, **elements: object) -> Patient:
    return Patient(Patient(elements).create(server))


def refusal_of(refused: pytest.ExceptionInfo[requests.HTTPError]) -> tuple[int, dict[str, Any]]:
    """The status of a refusal and its first issue."""
    answer = refused.value.response
    assert answer is not None
    return answer.status_code, answer.json()["issue"][0]


def test_the_capability_statement_is_read_and_asks_for_no_login(server: FHIRServer) -> None:
    assert server.prepare()
    assert server.capabilityStatement.fhirVersion == "4.0.1"


def test_a_resource_is_created_read_updated_and_deleted(server: FHIRServer) -> None:
    made = created(server, name=[{"family": family()}])
    patient = Patient.read(made.id, server)
    assert patient.as_json() == made.as_json()

    patient.active = True
    assert patient.update()["meta"]["versionId"] == "2"
    assert Patient.read(made.id, server).active is True

    assert patient.delete() is None
    with pytest.raises(requests.HTTPError) as refused:
        Patient.read(made.id, server)
    assert refusal_of(refused)[0] == 410


def test_a_json_patch_changes_what_it_names(server: FHIRServer) -> None:
    patient = created(server, active=True)
    # fhirclient has no method for a patch; its session makes one.
    answer = server.session.patch(
        f"{server.base_uri}{patient.relativePath()}",
        json=[{"op": "add", "path": "/gender", "value": "female"}],
        headers={"Content-Type": "application/json-patch+json"},
    )
    server.raise_for_status(answer)

    changed = Patient.read(patient.id, server)
    assert (changed.gender, changed.active) == ("female", True)


def test_a_search_is_paged_to_its_end(server: FHIRServer) -> None:
    name = family()
    made = {created(server, name=[{"family": name}]).id for _ in range(5)}
    search = Patient.where({"family": name, "_count": "2"})

    found = [each.id for each in search.perform_resources_iter(server)]
    assert (len(found), set(found)) == (5, made)
    assert [len(page.entry) for page in search.perform_iter(server)] == [2, 2, 1]


def test_a_transaction_is_answered_in_the_order_of_its_entries(server: FHIRServer) -> None:
    full_url = f"urn:uuid:{uuid.uuid4()}"
    subject = {"reference": full_url}
    observation = Observation({"status": "final", "code": {"text": "mood"}, "subject": subject})
    entries = [
        {"resource": observation.as_json(), "request": {"method": "POST", "url": "Observation"}},
        {
            "fullUrl": full_url,
            "resource": {"resourceType": "Patient", "name": [{"family": family()}]},
            "request": {"method": "POST", "url": "Patient"},
        },
    ]

    answer = Bundle(Bundle({"type": "transaction", "entry": entries}).create(server))

    made, patient = (each.resource for each in answer.entry)
    assert answer.type == "transaction-response"
    assert made.subject.reference == f"Patient/{patient.id}"
    assert Observation.read(made.id, server).subject.reference == made.subject.reference


def test_a_refusal_is_an_error_of_http_with_an_operation_outcome(server: FHIRServer) -> None:
    observation = Observation({"status": "done", "code": {"text": "mood"}})

    with pytest.raises(requests.HTTPError) as refused:
        observation.create(server)

    status, issue = refusal_of(refused)
    assert (status, issue["code"]) == (422, "code-invalid")
    assert issue["expression"] == ["Observation.status"]

    observation.status = "final"
    assert observation.create(server)["meta"]["versionId"] == "1"


def test_what_is_not_there_is_an_error_of_its_own(server: FHIRServer) -> None:
    with pytest.raises(FHIRNotFoundException) as refusal:
        Patient.read(uuid.uuid4().hex, server)

    assert refusal.value.response.json()["resourceType"] == "OperationOutcome"
