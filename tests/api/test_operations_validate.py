"""$validate over HTTP: every issue with 200, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.parameters import carried, given
from tests.api.resources import count, created, fresh, observation, patient, refused
from tests.unit.terminology.colours import SYSTEM, URL, composed, filtered

if TYPE_CHECKING:
    import httpx

GOOD = patient(birthDate="1980-02-29", text={"status": "generated", "div": (
    '<div xmlns="http://www.w3.org/1999/xhtml">A person</div>')})  # fmt: skip
BAD = GOOD | {"birthDate": "1981-02-29", "gender": "none", "colour": 1}
PROFILE = "http://test.example/StructureDefinition/born"
PROFILED = {
    "resourceType": "StructureDefinition",
    "name": "Coded",
    "status": "active",
    "kind": "resource",
    "abstract": False,
    "type": "Basic",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Basic",
    "derivation": "constraint",
}


def errors(answer: httpx.Response) -> list[str]:
    """Where errors are, of a validation that took place."""
    assert answer.status_code == 200, answer.text
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    found = [each for each in outcome["issue"] if each["severity"] in {"fatal", "error"}]
    return sorted(place for each in found for place in each["expression"])


@pytest.mark.parametrize("path", ["/Patient/$validate", "/$validate"])
async def test_all_issues_are_told_and_nothing_is_written(
    client: httpx.AsyncClient, path: str
) -> None:
    before = await count(client, "Patient")
    for body in (GOOD, given(carried("resource", GOOD))):
        answer = await client.post(path, json=body)
        assert errors(answer) == []
        assert [each["severity"] for each in answer.json()["issue"]] == ["information"]
    for body in (BAD, given(carried("resource", BAD), mode_valueCode="create")):
        places = ["Patient.birthDate", "Patient.colour", "Patient.gender"]
        assert errors(await client.post(path, json=body)) == places
    assert await count(client, "Patient") == before


async def test_a_content_is_judged_at_its_address(client: httpx.AsyncClient) -> None:
    reference = await created(client, GOOD)
    logical_id = reference.partition("/")[2]
    path = f"/{reference}/$validate"
    assert errors(await client.get(path)) == []
    assert errors(await client.post(path, json=GOOD | {"id": logical_id})) == []
    assert errors(await client.post(path, json=GOOD | {"id": "other"})) == ["Patient.id"]
    update = {"mode": "update"}
    assert errors(await client.post(path, json=GOOD, params=update)) == ["Patient.id"]
    mine = GOOD | {"id": logical_id}
    assert errors(await client.post(path, json=mine, params=update)) == []
    other = await client.post("/Observation/$validate", json=GOOD)
    assert errors(other) == ["Resource"]
    refused(await client.get(f"/Patient/{fresh()}/$validate"), 404)
    assert (await client.get(f"/{reference}")).json()["meta"]["versionId"] == "1"


async def test_a_deletion_is_judged_by_who_refers_to_it(client: httpx.AsyncClient) -> None:
    reference = await created(client, GOOD)
    path = f"/{reference}/$validate"
    assert errors(await client.get(path, params={"mode": "delete"})) == []
    referrer = await created(client, observation(reference))
    answer = await client.post(path, json=given(mode_valueCode="delete"))
    assert errors(answer) == ["Patient"]
    assert referrer in answer.json()["issue"][0]["diagnostics"]
    refused(await client.post("/Patient/$validate", json=given(mode_valueCode="delete")), 400)


async def test_laws_of_care_are_told_too(client: httpx.AsyncClient) -> None:
    subject, other = await created(client, patient()), await created(client, patient())
    plan: dict[str, Any] = {
        "resourceType": "CarePlan",
        "id": fresh(),
        "status": "draft",
        "intent": "plan",
        "subject": {"reference": subject},
    }
    path = f"/CarePlan/{plan['id']}"
    assert (await client.put(path, json=plan)).status_code == 201
    moved = plan | {"subject": {"reference": other}}
    assert (await client.put(path, json=moved)).status_code == 422
    assert errors(await client.post(f"{path}/$validate", json=moved)) == ["CarePlan.subject"]
    assert errors(await client.post(f"{path}/$validate", json=plan)) == []
    update = {"mode": "update"}
    by_type = await client.post("/CarePlan/$validate", json=moved, params=update)
    assert errors(by_type) == ["CarePlan.subject"]


async def test_a_nominated_profile_is_kept_or_not(client: httpx.AsyncClient) -> None:
    element = [{"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1}]
    await created(
        client,
        {
            "resourceType": "StructureDefinition",
            "url": PROFILE,
            "name": "Born",
            "status": "active",
            "kind": "resource",
            "abstract": False,
            "type": "Patient",
            "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
            "derivation": "constraint",
            "differential": {"element": element},
        },
    )
    path, asked = "/Patient/$validate", {"profile": PROFILE}
    unborn = patient(active=True)
    assert errors(await client.post(path, json=GOOD, params=asked)) == []
    assert errors(await client.post(path, json=unborn, params=asked)) != []
    assert errors(await client.post(path, json=unborn)) == []
    claiming = unborn | {"meta": {"profile": [PROFILE]}}
    assert errors(await client.post(path, json=claiming)) != []
    of_r4 = "http://hl7.org/fhir/StructureDefinition/"
    asked = {"profile": f"{of_r4}Patient"}
    assert errors(await client.post(path, json=GOOD, params=asked)) == []
    asked = {"profile": f"{of_r4}Observation"}
    assert errors(await client.post(path, json=GOOD, params=asked)) == ["Patient"]
    unknown = {"profile": f"{PROFILE}-unknown"}
    assert "profile" in refused(await client.post(path, json=GOOD, params=unknown), 400)


async def test_a_binding_to_a_stored_value_set_is_kept_or_not(client: httpx.AsyncClient) -> None:
    url = f"{PROFILE}-{fresh()}"
    await created(client, SYSTEM)
    await created(client, composed(filtered("is-a", "red"), url=f"{url}-warm"))
    binding = {"strength": "required", "valueSet": f"{url}-warm"}
    element = {"id": "Basic.code", "path": "Basic.code", "binding": binding}
    await created(client, PROFILED | {"url": url, "differential": {"element": [element]}})
    asked = {"profile": url}
    for code, expected in (("crimson", []), ("blue", ["Basic.code"])):
        body = {"resourceType": "Basic", "code": {"coding": [{"system": URL, "code": code}]}}
        assert errors(await client.post("/Basic/$validate", json=body, params=asked)) == expected


@pytest.mark.parametrize("resource", [{"resourceType": "Wish"}, {"name": "x"}, {}])
async def test_what_is_no_resource_at_all_is_an_issue(
    client: httpx.AsyncClient, resource: dict[str, Any]
) -> None:
    answer = await client.post("/$validate", json=given(carried("resource", resource)))
    assert errors(answer) != []


async def test_what_cannot_be_validated_is_refused(client: httpx.AsyncClient) -> None:
    path = "/Patient/$validate"
    refused(await client.post(path, json=given()), 400)
    refused(await client.get(path), 400)
    refused(await client.post(path, json=GOOD, params={"mode": "guess"}), 400)
    refused(await client.post(path, json=given({"name": "resource", "resource": 3})), 400)
    assert errors(await client.post(path, json=given(carried("resource", GOOD)))) == []
