"""References that a write carries lead somewhere. https://hl7.org/fhir/R4/references.html"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import (
    created,
    entry,
    fresh,
    identified,
    issues,
    observation,
    patient,
    places,
    post,
    put,
    refused,
    run,
    updated,
)

if TYPE_CHECKING:
    import httpx


def _subject(answer: httpx.Response, index: int = 0) -> str:
    assert answer.status_code == 200, answer.text
    reference: str = answer.json()["entry"][index]["resource"]["subject"]["reference"]
    return reference


async def test_an_absolute_reference_below_a_base_of_ours_is_as_a_relative_one(
    client: httpx.AsyncClient,
) -> None:
    base = str(client.base_url).rstrip("/")
    reference = await created(client, patient())
    here = f"{base}/{reference}"
    for right in (here, f"{here}/_history/1"):
        assert (await client.post("/Observation", json=observation(right))).status_code == 201
    for wrong in (f"{base}/Patient/{fresh()}", f"{base}/Nonsense/1", f"{base}/foo", f"{here}/x"):
        answer = await client.post("/Observation", json=observation(wrong))
        refused(answer, 422)
        assert places(answer) == ["Observation.subject"]


async def test_a_conditional_reference_may_name_our_base(client: httpx.AsyncClient) -> None:
    value = fresh()
    someone = await created(client, identified(value))
    asked = observation(f"{str(client.base_url).rstrip('/')}/Patient?identifier={value}")
    refused(await client.post("/Observation", json=asked), 400)
    assert _subject(await run(client, "transaction", post(asked))) == someone


async def test_every_reference_that_leads_nowhere_is_named_once(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    told = observation(
        f"{reference}/_history/9",
        performer=[{"reference": "foo"}, {"reference": reference}, {"reference": "urn:oid:1.2.3"}],
        encounter={"reference": f"Encounter/{fresh()}"},
    )
    answer = await client.post("/Observation", json=told)
    refused(answer, 422)
    found = {tuple(each["expression"]): each["code"] for each in issues(answer)}
    assert found == {
        ("Observation.subject",): "not-found",
        ("Observation.performer[0]",): "value",
        ("Observation.performer[2]",): "not-found",
        ("Observation.encounter",): "not-found",
    }


async def test_a_version_that_is_a_deletion_is_no_target(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    await client.delete(f"/{reference}")
    await updated(client, patient(id=reference.partition("/")[2]))
    for version, status in (("1", 201), ("2", 422), ("3", 201)):
        told = observation(f"{reference}/_history/{version}")
        assert (await client.post("/Observation", json=told)).status_code == status


@pytest.mark.parametrize(("version", "status"), [("1", 200), ("2", 200), ("3", 422)])
async def test_a_transaction_may_refer_to_a_version_that_it_makes(
    client: httpx.AsyncClient, version: str, status: int
) -> None:
    reference = await created(client, patient())
    changed = put(patient(id=reference.partition("/")[2], active=True))
    target = f"{reference}/_history/{version}"
    answer = await run(client, "transaction", post(observation(target)), changed)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert _subject(answer) == target
    else:
        assert places(answer) == ["Bundle.entry[0].resource.subject"]


async def test_an_update_that_changes_nothing_makes_no_version_to_refer_to(
    client: httpx.AsyncClient,
) -> None:
    reference = await created(client, patient())
    same = put(patient(id=reference.partition("/")[2]))
    for version, status in (("1", 200), ("2", 422)):
        linking = post(observation(f"{reference}/_history/{version}"))
        assert (await run(client, "transaction", linking, same)).status_code == status


@pytest.mark.parametrize(
    "name",
    ["urn:uuid:0b9f0d5c-4b0f-4c5e-9d39-2d1f6f1f0a04", "http://elsewhere.example/fhir/Patient/1"],
)
async def test_a_link_to_a_version_of_an_entry_keeps_the_version_which_must_be(
    client: httpx.AsyncClient, name: str
) -> None:
    someone = post(patient(), full_url=name)
    made = await run(client, "transaction", post(observation(f"{name}/_history/1")), someone)
    assert _subject(made) == f"Patient/{made.json()['entry'][1]['resource']['id']}/_history/1"

    lost = await run(client, "transaction", someone, post(observation(f"{name}/_history/9")))
    assert "no version 9" in refused(lost, 422)
    assert places(lost) == ["Bundle.entry[1].resource.subject"]


@pytest.mark.parametrize(
    "urn", ["urn:uuid:0b9f0d5c-4b0f-4c5e-9d39-2d1f6f1f0a05", "urn:oid:1.2.3.4"]
)
async def test_a_urn_of_no_entry_fails_a_transaction_at_each_place(
    client: httpx.AsyncClient, urn: str
) -> None:
    told = post(observation(urn, performer=[{"reference": urn}]))
    answer = await run(client, "transaction", post(patient()), told)
    refused(answer, 422)
    assert sorted(places(answer)) == [
        "Bundle.entry[1].resource.performer[0]",
        "Bundle.entry[1].resource.subject",
    ]
    found = await run(client, "transaction", post(patient(), full_url=urn), post(observation(urn)))
    assert found.status_code == 200, found.text


async def test_a_patch_cannot_bring_in_what_leads_nowhere(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    held = await created(client, observation(reference))

    async def patched(target: str) -> httpx.Response:
        operation = {"op": "replace", "path": "/subject/reference", "value": target}
        kind = {"Content-Type": "application/json-patch+json"}
        return await client.patch(f"/{held}", json=[operation], headers=kind)

    for wrong in ("foo", f"{reference}/_history/2", f"urn:uuid:{fresh()}"):
        refused(await patched(wrong), 422)
    assert (await patched(f"{reference}/_history/1")).status_code == 200


async def test_what_is_referred_to_by_version_stays_too(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    held = await created(client, observation(f"{reference}/_history/1"))
    assert held in refused(await client.delete(f"/{reference}"), 409)
    both: list[dict[str, Any]] = [entry("DELETE", reference), entry("DELETE", held)]
    assert (await run(client, "transaction", *both)).status_code == 200
