"""FHIR patch with FHIRPath Patch. https://hl7.org/fhir/R4/fhirpatch.html"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.patches import someone
from tests.api.resources import (
    SYSTEM,
    created,
    entry,
    fresh,
    identified,
    places,
    refused,
    run,
)
from tests.unit.fhir_patch.test_fhirpath_patch import operation, parameters

if TYPE_CHECKING:
    import httpx

BORN = operation("add", "Patient", name="birthDate", value={"valueDate": "1980-02-29"})
NAMED = operation(
    "add", "Patient", name="name", value={"part": [{"name": "family", "valueString": "New"}]}
)
HEADERS = {"Content-Type": "application/fhir+json"}


async def _patch(client: httpx.AsyncClient, url: str, *operations: object) -> httpx.Response:
    told = {"resourceType": "Parameters", "parameter": list(operations)}
    return await client.patch(url, json=told, headers=HEADERS)


async def test_a_patch_makes_a_version(client: httpx.AsyncClient) -> None:
    reference = await someone(client, active=True)
    answer = await _patch(client, f"/{reference}", BORN, operation("delete", "Patient.active"))

    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    read = await client.get(f"/{reference}")
    assert read.content == answer.content
    assert read.json()["birthDate"] == "1980-02-29"
    assert "active" not in read.json()
    again = await _patch(client, f"/{reference}", operation("delete", "Patient.active"))
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"2"')


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (operation("replace", "Patient.id", value={"valueString": "other"}), 422),
        (operation("delete", "Patient.meta"), 422),
        (operation("delete", "Patient.meta.versionId"), 422),
        (operation("delete", "Patient.nothing.where("), 400),
        (operation("replace", "Patient.gender", value={"valueCode": "male"}), 422),
        (operation("add", "Patient", name="gender", value={"valueCode": "robot"}), 422),
        (operation("add", "Patient", name="gender", value={"valueCode": "male"}), 200),
    ],
)
async def test_what_cannot_be_applied_is_refused(
    client: httpx.AsyncClient, told: dict[str, object], status: int
) -> None:
    reference = await someone(client, active=True)
    answer = await _patch(client, f"/{reference}", BORN, told)
    assert answer.status_code == status, answer.text
    etag = (await client.get(f"/{reference}")).headers["etag"]
    assert etag == ('W/"2"' if status == 200 else 'W/"1"')


async def test_another_resource_is_no_patch(client: httpx.AsyncClient) -> None:
    reference = await someone(client)
    own = (await client.get(f"/{reference}")).json()
    refused(await client.patch(f"/{reference}", json=own, headers=HEADERS), 400)
    refused(await client.patch(f"/{reference}", json=[], headers=HEADERS), 400)
    empty = await client.patch(f"/{reference}", json=parameters() | {"id": "x"}, headers=HEADERS)
    refused(empty, 400)
    assert (await _patch(client, f"/{reference}", BORN)).status_code == 200


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_a_bundle_holds_patches_as_parameters(client: httpx.AsyncClient, kind: str) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    by_criteria = f"Patient?identifier={SYSTEM}|{value}"
    for url, told in ((reference, BORN), (by_criteria, NAMED)):
        answer = await run(client, kind, entry("PATCH", url, parameters(told)))
        assert answer.status_code == 200, answer.text
        [one] = answer.json()["entry"]
        assert one["response"]["status"] == "200", answer.text
    read = (await client.get(f"/{reference}")).json()
    assert (read["birthDate"], read["name"]) == ("1980-02-29", [{"family": "New"}])


async def test_a_transaction_names_the_entry_of_a_patch_that_fails(
    client: httpx.AsyncClient,
) -> None:
    one, other = await someone(client), await someone(client)
    failing = operation("replace", "Patient.gender", value={"valueCode": "male"})
    told = [entry("PATCH", one, parameters(BORN)), entry("PATCH", other, parameters(BORN, failing))]
    answer = await run(client, "transaction", *told)
    assert "Operation 1" in refused(answer, 422)
    assert places(answer) == ["Bundle.entry[1]"]
    assert (await client.get(f"/{one}")).headers["etag"] == 'W/"1"'
    assert (await run(client, "transaction", told[0])).status_code == 200


async def test_a_patch_whose_path_costs_too_much_is_stopped(client: httpx.AsyncClient) -> None:
    names = [{"family": f"n{i}"} for i in range(200)]
    reference = await someone(client, name=names)
    costly = "Patient.name.where(%resource.name.where(%resource.name.count() > 1).count() > 300)"
    refused(await _patch(client, f"/{reference}", operation("delete", costly)), 400)
    cheap = operation("delete", "Patient.name.where(family = 'n7')")
    assert (await _patch(client, f"/{reference}", cheap)).status_code == 200
