"""FHIR patch with JSON Patch. https://hl7.org/fhir/R4/http.html#patch"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.patches import JSON_PATCH, bundled, json_patch, operation, patch_entry, someone
from tests.api.resources import (
    SYSTEM,
    created,
    fresh,
    identified,
    observation,
    patient,
    places,
    put,
    refused,
    run,
)

if TYPE_CHECKING:
    import httpx

BORN = operation("add", "/birthDate", value="1980-02-29")
LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}


async def test_a_patch_makes_a_version(client: httpx.AsyncClient) -> None:
    reference = await someone(client, active=True)
    answer = await json_patch(client, f"/{reference}", BORN, operation("remove", "/active"))

    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    assert "location" not in answer.headers
    read = await client.get(f"/{reference}")
    assert read.content == answer.content
    assert read.json()["birthDate"] == "1980-02-29"
    assert "active" not in read.json()
    told = (await client.get(f"/{reference}/_history")).json()["entry"][0]
    assert told["request"] == {"method": "PATCH", "url": reference}
    assert told["response"]["status"] == "200"


async def test_what_a_patch_adds_is_found(client: httpx.AsyncClient) -> None:
    reference = await someone(client)
    value = fresh()
    added = operation("add", "/identifier", value=[{"system": SYSTEM, "value": value}])
    await json_patch(client, f"/{reference}", added)
    found = await client.get(f"/Patient?identifier={value}")
    assert [f"Patient/{each['resource']['id']}" for each in found.json()["entry"]] == [reference]


async def test_numbers_keep_their_text(client: httpx.AsyncClient) -> None:
    quantity = {"value": "VALUE", "unit": "mg"}
    told = json.dumps(observation(await someone(client), valueQuantity=quantity))
    told = told.replace('"VALUE"', "1.10")
    answer = await client.post("/Observation", content=told)
    url = f"/Observation/{answer.json()['id']}"
    patch = '[{"op":"add","path":"/referenceRange","value":[{"low":{"value":0.50}}]}]'
    answer = await client.patch(url, content=patch, headers={"Content-Type": JSON_PATCH})
    assert answer.status_code == 200, answer.text
    assert b'"value":1.10' in answer.content
    assert b'"value":0.50' in (await client.get(url)).content


async def test_a_patch_that_changes_nothing_makes_no_version(client: httpx.AsyncClient) -> None:
    reference = await someone(client, active=True)
    for each in (
        operation("replace", "/active", value=True),
        operation("test", "/active", value=True),
    ):
        answer = await json_patch(client, f"/{reference}", each)
        assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"1"')


async def test_a_test_that_fails_changes_nothing(client: httpx.AsyncClient) -> None:
    reference = await someone(client, active=True)
    for value, status, etag in ((False, 422, 'W/"1"'), (True, 200, 'W/"2"')):
        tested = operation("test", "/active", value=value)
        answer = await json_patch(client, f"/{reference}", BORN, tested)
        assert answer.status_code == status
        assert (await client.get(f"/{reference}")).headers["etag"] == etag


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ('{"op":"add"}', 400),
        ("5", 400),
        ("[5]", 400),
        ('[{"op":"add","path":"/x"}]', 400),
        ("[", 400),
        ('[{"op":"test","path":"/active","value":true,"value":true}]', 400),
        ("", 400),
        ('[{"op":"remove","path":"/nothing"}]', 422),
        ('[{"op":"add","path":"/nothing","value":1}]', 422),
        ('[{"op":"add","path":"/birthDate","value":"1980-02-30"}]', 422),
        ('[{"op":"add","path":"/name","value":[]}]', 422),
        ('[{"op":"replace","path":"","value":"x"}]', 422),
        ('[{"op":"remove","path":""}]', 422),
        (json.dumps([operation("test", "/active", value=True)] * 101), 413),
        (json.dumps([operation("test", "/active", value=True)] * 100), 200),
    ],
)
async def test_a_patch_that_cannot_be_applied_is_refused(
    client: httpx.AsyncClient, patch: str, status: int
) -> None:
    reference = await someone(client, active=True)
    headers = {"Content-Type": JSON_PATCH}
    answer = await client.patch(f"/{reference}", content=patch, headers=headers)
    if status == 200:
        assert answer.status_code == status
    else:
        refused(answer, status)
    assert (await client.get(f"/{reference}")).headers["etag"] == 'W/"1"'


@pytest.mark.parametrize(
    ("touching", "place"),
    [
        (operation("replace", "/id", value="other"), "Patient.id"),
        (operation("remove", "/id"), "Patient.id"),
        (operation("replace", "/resourceType", value="Person"), "Patient.resourceType"),
        (operation("replace", "/meta/versionId", value="7"), "Patient.meta.versionId"),
        (operation("remove", "/meta/versionId"), "Patient.meta.versionId"),
        (operation("replace", "/meta/lastUpdated", value="2020-01-01T00:00:00Z"),
         "Patient.meta.lastUpdated"),
        (operation("remove", "/meta"), "Patient.meta.versionId"),
        (operation("replace", "/meta", value=[]), "Patient.meta.versionId"),
        (operation("replace", "", value={"resourceType": "Patient"}), "Patient.id"),
        (operation("remove", "/meta/security"), "Patient.meta"),
        (operation("remove", "/meta/security/0"), "Patient.meta"),
        (operation("replace", "/meta/security/0/code", value="N"), "Patient.meta"),
        (operation("remove", "/meta/tag/0"), "Patient.meta"),
    ],
)  # fmt: skip
async def test_what_is_the_server_s_and_labels_are_not_touched(
    client: httpx.AsyncClient, touching: dict[str, Any], place: str
) -> None:
    meta = {"security": [LABEL], "tag": [{"system": "urn:t", "code": "a"}]}
    reference = await someone(client, active=True, meta=meta)
    answer = await json_patch(client, f"/{reference}", touching)
    refused(answer, 422)
    assert places(answer) == [place]
    kept = (await client.get(f"/{reference}")).json()
    assert (kept["meta"]["versionId"], kept["meta"]["security"]) == ("1", [LABEL])


async def test_labels_are_added_and_the_server_s_elements_may_be_tested(
    client: httpx.AsyncClient,
) -> None:
    reference = await someone(client, meta={"security": [LABEL]})
    tested = operation("test", "/meta/versionId", value="1")
    added = operation("add", "/meta/security/-", value=LABEL | {"code": "V"})
    answer = await json_patch(client, f"/{reference}", tested, added)
    assert answer.status_code == 200, answer.text
    assert answer.json()["meta"]["security"] == [LABEL, LABEL | {"code": "V"}]


async def test_a_patch_makes_no_resource_that_was_read_in_part(client: httpx.AsyncClient) -> None:
    reference = await someone(client)
    for code, status in (("SUBSETTED", 422), ("OTHER", 200)):
        tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": code}
        answer = await json_patch(
            client, f"/{reference}", operation("add", "/meta/tag", value=[tag])
        )
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("told", "status"), [('W/"1"', 412), ('W/"2"', 200), ("*", 200), ("2", 400)]
)
async def test_if_match_guards_a_patch(client: httpx.AsyncClient, told: str, status: int) -> None:
    reference = await someone(client)
    await json_patch(client, f"/{reference}", BORN)
    changed = operation("add", "/active", value=True)
    answer = await json_patch(client, f"/{reference}", changed, If_Match=told)
    assert answer.status_code == status
    for kind in ("batch", "transaction"):
        other = await someone(client)
        answer = await bundled(client, kind, other, changed, ifMatch='W/"7"')
        assert '"412"' in answer.text or answer.status_code == 412


async def test_what_is_not_there_cannot_be_patched(client: httpx.AsyncClient) -> None:
    refused(await json_patch(client, f"/Patient/{fresh()}", BORN), 404)
    reference = await someone(client)
    await client.delete(f"/{reference}")
    refused(await json_patch(client, f"/{reference}", BORN), 410)
    refused(await json_patch(client, f"/{await someone(client)}?active=true", BORN), 400)


async def test_a_reference_that_a_patch_adds_must_lead_somewhere(client: httpx.AsyncClient) -> None:
    reference = await someone(client)
    organization = await created(client, {"resourceType": "Organization", "name": "Clinic"})
    for target, status in (("Organization/nothing", 422), (organization, 200)):
        added = operation("add", "/managingOrganization", value={"reference": target})
        answer = await json_patch(client, f"/{reference}", added)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("media", "status"),
    [("application/merge-patch+json", 415), ("application/xml", 415), (JSON_PATCH, 200)],
)
async def test_another_kind_of_patch_is_not_taken(
    client: httpx.AsyncClient, media: str, status: int
) -> None:
    reference = await someone(client)
    content = json.dumps([BORN])
    answer = await client.patch(f"/{reference}", content=content, headers={"Content-Type": media})
    assert answer.status_code == status
    if status == 415:
        assert JSON_PATCH in answer.headers["accept-patch"]


@pytest.mark.parametrize("prefer", ["minimal", "representation", "OperationOutcome"])
async def test_prefer_says_what_is_answered(client: httpx.AsyncClient, prefer: str) -> None:
    reference = await someone(client)
    answer = await json_patch(client, f"/{reference}", BORN, Prefer=f"return={prefer}")
    assert answer.status_code == 200
    told = answer.json()["resourceType"] if answer.content else ""
    assert told == {"minimal": "", "representation": "Patient"}.get(prefer, prefer)


async def test_a_conditional_patch_changes_the_one_match(client: httpx.AsyncClient) -> None:
    value = fresh()
    url = f"/Patient?identifier={SYSTEM}|{value}"
    refused(await json_patch(client, url, BORN), 404)
    reference = await created(client, identified(value))
    answer = await json_patch(client, url, BORN)
    assert (answer.status_code, answer.json()["birthDate"]) == (200, "1980-02-29")
    assert f"Patient/{answer.json()['id']}" == reference

    await created(client, identified(value))
    refused(await json_patch(client, url, operation("add", "/active", value=True)), 412)
    refused(await json_patch(client, "/Patient", BORN), 400)
    refused(await json_patch(client, "/Patient?nonsense=1", BORN), 400)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_a_bundle_holds_patches_as_binaries(client: httpx.AsyncClient, kind: str) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    by_criteria = f"Patient?identifier={SYSTEM}|{value}"
    for url, active in ((reference, True), (by_criteria, False)):
        changed = operation("add", "/active", value=active)
        answer = await bundled(client, kind, url, changed)
        assert answer.status_code == 200, answer.text
        [told] = answer.json()["entry"]
        assert told["response"]["status"] == "200"
        assert told["resource"]["active"] is active
    assert (await client.get(f"/{reference}")).headers["etag"] == 'W/"3"'


async def test_a_transaction_with_a_patch_is_all_or_nothing(client: httpx.AsyncClient) -> None:
    one, other, new = await someone(client), await someone(client), fresh()
    failing = operation("test", "/active", value=True)
    answer = await run(
        client,
        "transaction",
        put(patient(id=new)),
        patch_entry(one, BORN),
        patch_entry(other, BORN, failing),
    )
    refused(answer, 422)
    assert places(answer) == ["Bundle.entry[2]"]
    assert (await client.get(f"/Patient/{new}")).status_code == 404
    assert (await client.get(f"/{one}")).headers["etag"] == 'W/"1"'

    added = operation("add", "/active", value=True)
    told = [put(patient(id=new)), patch_entry(one, BORN), patch_entry(other, added, failing)]
    answer = await run(client, "transaction", *told)
    statuses = [each["response"]["status"] for each in answer.json()["entry"]]
    assert statuses == ["201", "200", "200"]


async def test_a_transaction_s_patch_may_link_to_what_it_creates(client: httpx.AsyncClient) -> None:
    reference, name = await someone(client), "urn:uuid:00000000-0000-4000-8000-000000000001"
    linked = operation("add", "/managingOrganization", value={"reference": name})
    made = {
        "fullUrl": name,
        "resource": {"resourceType": "Organization", "name": "Clinic"},
        "request": {"method": "POST", "url": "Organization"},
    }
    answer = await run(client, "transaction", patch_entry(reference, linked), made)
    assert answer.status_code == 200, answer.text
    patched, organization = (each["resource"] for each in answer.json()["entry"])
    target = f"Organization/{organization['id']}"
    assert patched["managingOrganization"]["reference"] == target


async def test_a_transaction_means_a_resource_once(client: httpx.AsyncClient) -> None:
    reference = await someone(client)
    logical_id = reference.removeprefix("Patient/")
    told = [patch_entry(reference, BORN), put(patient(id=logical_id))]
    refused(await run(client, "transaction", *told), 400)
    assert (await run(client, "transaction", told[0])).status_code == 200


@pytest.mark.parametrize(
    ("binary", "status"),
    [
        ({"contentType": "text/plain", "data": "W10="}, 415),
        ({"contentType": JSON_PATCH, "data": "?"}, 400),
        ({"contentType": JSON_PATCH, "data": "e30="}, 400),
        ({"contentType": JSON_PATCH}, 400),
        ({"contentType": JSON_PATCH, "data": "W10="}, 200),
    ],
)
async def test_a_patch_in_a_bundle_that_cannot_be_read_is_located(
    client: httpx.AsyncClient, binary: dict[str, Any], status: int
) -> None:
    reference = await someone(client)
    told = {
        "request": {"method": "PATCH", "url": reference},
        "resource": {"resourceType": "Binary", **binary},
    }
    answer = await run(client, "transaction", told)
    if status == 200:
        assert answer.status_code == status, answer.text
    else:
        refused(answer, status)
        assert places(answer) == ["Bundle.entry[0].resource"]


async def test_patches_at_once_are_all_in_the_end(client: httpx.AsyncClient) -> None:
    reference = await someone(client, name=[{"family": "first"}])
    answers = await asyncio.gather(
        *(
            json_patch(
                client, f"/{reference}", operation("add", "/name/-", value={"family": f"n{i}"})
            )
            for i in range(16)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    read = (await client.get(f"/{reference}")).json()
    assert read["meta"]["versionId"] == "17"
    assert {each["family"] for each in read["name"]} == {"first", *(f"n{i}" for i in range(16))}


async def test_a_patch_is_in_the_audit(client: httpx.AsyncClient) -> None:
    reference = await someone(client)
    await json_patch(client, f"/{reference}", BORN)
    await json_patch(client, f"/{reference}", operation("remove", "/nothing"))
    found = await client.get(f"/AuditEvent?entity={reference}&subtype=patch")
    told = sorted(each["resource"]["outcome"] for each in found.json()["entry"])
    assert told == ["0", "4"]
