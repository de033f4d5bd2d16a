"""fhirpy, unchanged, in both its forms. https://github.com/beda-software/fhir-py"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

if TYPE_CHECKING:
    from tests.programs import Programs

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
SYSTEM = "http://test.example/ids"


@pytest.fixture
def client(all_in_one: Programs) -> SyncFHIRClient:
    return SyncFHIRClient(all_in_one.fhir)


@pytest.fixture
def async_client(all_in_one: Programs) -> AsyncFHIRClient:
    return AsyncFHIRClient(all_in_one.fhir)


def family() -> str:
    return f"Synthetic-{uuid.uuid4().hex}"


def transaction(name: str) -> dict[str, Any]:
    """A Patient and an Observation of it, linked by a full URL."""
    full_url = f"urn:uuid:{uuid.uuid4()}"
    patient = {"resourceType": "Patient", "name": [{"family": name}]}
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "mood"},
        "subject": {"reference": full_url},
    }
    return {
        "type": "transaction",
        "entry": [
            {"resource": observation, "request": {"method": "POST", "url": "Observation"}},
            {
                "fullUrl": full_url,
                "resource": patient,
                "request": {"method": "POST", "url": "Patient"},
            },
        ],
    }


def test_a_resource_is_created_read_updated_and_deleted(client: SyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": family()}])
    patient.save()
    patient["active"] = True
    patient.save()

    assert client.get("Patient", patient.id)["active"] is True
    assert patient["meta"]["versionId"] == "2"

    patient.delete()
    with pytest.raises(ResourceNotFound, match="deleted"):
        client.get("Patient", patient.id)


async def test_a_resource_is_created_read_updated_and_deleted_asynchronously(
    async_client: AsyncFHIRClient,
) -> None:
    patient = async_client.resource("Patient", name=[{"family": family()}])
    await patient.save()
    patient["active"] = True
    await patient.save()

    read = await async_client.reference("Patient", patient.id).to_resource()
    assert read["active"] is True
    assert patient["meta"]["versionId"] == "2"

    await patient.delete()
    with pytest.raises(ResourceNotFound, match="deleted"):
        await async_client.get("Patient", patient.id)


def test_a_json_patch_changes_what_it_names(client: SyncFHIRClient) -> None:
    patient = client.resource("Patient", active=True)
    patient.save()
    # fhirpy has no method for a JSON Patch; its headers and its `execute` make one.
    patching = SyncFHIRClient(client.url, extra_headers=JSON_PATCH)
    operations: Any = [{"op": "add", "path": "/gender", "value": "female"}]

    changed = patching.execute(patient.reference, method="patch", data=operations)

    assert (changed["gender"], changed["active"]) == ("female", True)


async def test_a_json_patch_changes_what_it_names_asynchronously(
    async_client: AsyncFHIRClient,
) -> None:
    patient = async_client.resource("Patient", active=True)
    await patient.save()
    patching = AsyncFHIRClient(async_client.url, extra_headers=JSON_PATCH)
    operations: Any = [{"op": "add", "path": "/gender", "value": "female"}]

    changed = await patching.execute(patient.reference, method="patch", data=operations)

    assert (changed["gender"], changed["active"]) == ("female", True)


def test_a_merge_patch_which_is_not_fhir_is_refused_and_changes_nothing(
    client: SyncFHIRClient,
) -> None:
    patient = client.resource("Patient", active=True)
    patient.save()

    with pytest.raises(OperationOutcome, match="Parameters"):
        client.patch("Patient", patient.id, active=False)

    assert client.get("Patient", patient.id)["active"] is True


def test_a_search_is_paged_to_its_end(client: SyncFHIRClient) -> None:
    name = family()
    made = [client.resource("Patient", name=[{"family": name}]) for _ in range(5)]
    for patient in made:
        patient.save()

    found = client.resources("Patient").search(family=name).limit(2).fetch_all()

    assert sorted(str(each.id) for each in found) == sorted(str(each.id) for each in made)
    assert len(client.resources("Patient").search(family=name).limit(2).fetch()) == 2


async def test_a_search_is_paged_to_its_end_asynchronously(async_client: AsyncFHIRClient) -> None:
    name = family()
    for _ in range(5):
        await async_client.resource("Patient", name=[{"family": name}]).save()

    found = [
        each.id async for each in async_client.resources("Patient").search(family=name).limit(2)
    ]

    assert len(found) == len(set(found)) == 5


def test_a_transaction_is_answered_in_the_order_of_its_entries(client: SyncFHIRClient) -> None:
    answer = client.resource("Bundle", **transaction(family()))
    answer.save()

    observation, patient = (each["resource"] for each in answer["entry"])
    assert observation["subject"]["reference"] == f"Patient/{patient['id']}"
    assert [each["response"]["status"][:3] for each in answer["entry"]] == ["201", "201"]


async def test_a_transaction_is_all_or_nothing(async_client: AsyncFHIRClient) -> None:
    name = family()
    wrong = transaction(name)
    wrong["entry"][0]["resource"]["status"] = "done"

    with pytest.raises(OperationOutcome) as refusal:
        await async_client.resource("Bundle", **wrong).save()

    assert "Bundle.entry[0]" in str(refusal.value)
    assert await async_client.resources("Patient").search(family=name).first() is None

    await async_client.resource("Bundle", **transaction(name)).save()
    assert await async_client.resources("Patient").search(family=name).first() is not None


def test_a_refusal_is_an_operation_outcome_with_its_place(client: SyncFHIRClient) -> None:
    with pytest.raises(OperationOutcome) as refusal:
        client.resource("Observation", status="done", code={"text": "mood"}).save()

    issue = refusal.value.resource["issue"][0]
    assert (issue["code"], issue["expression"]) == ("code-invalid", ["Observation.status"])


async def test_an_unknown_search_parameter_is_an_operation_outcome(
    async_client: AsyncFHIRClient,
) -> None:
    with pytest.raises(OperationOutcome, match="nonsense"):
        await async_client.resources("Patient").search(nonsense="1").fetch()


def test_a_conditional_update_makes_then_changes_and_never_guesses(client: SyncFHIRClient) -> None:
    value = uuid.uuid4().hex
    matching = client.resources("Patient").search(identifier=f"{SYSTEM}|{value}")
    patient = client.resource("Patient", identifier=[{"system": SYSTEM, "value": value}])

    first, was_made = matching.update(patient)
    assert was_made
    again, was_made = matching.update(patient)
    assert (again.id, was_made) == (first.id, False)

    client.resource("Patient", identifier=[{"system": SYSTEM, "value": value}]).save()
    with pytest.raises(MultipleResourcesFound):
        matching.update(patient)
