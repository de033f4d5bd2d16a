"""FHIR delete over HTTP. https://hl7.org/fhir/R4/http.html#delete"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api.resources import (
    count,
    created,
    entry,
    fresh,
    identified,
    observation,
    patient,
    refused,
    run,
    updated,
)

if TYPE_CHECKING:
    import httpx


async def test_a_deleted_resource_is_gone_and_can_be_deleted_again(
    client: httpx.AsyncClient,
) -> None:
    reference = await created(client, patient())
    first = await client.delete(f"/{reference}")
    again = await client.delete(f"/{reference}")

    assert (first.status_code, first.content) == (204, b"")
    assert (again.status_code, again.content) == (204, b"")
    assert first.headers["etag"] == again.headers["etag"] == 'W/"2"'
    refused(await client.get(f"/{reference}"), 410)
    assert (await client.delete(f"/Patient/{fresh()}")).status_code == 204


async def test_a_deleted_resource_is_found_by_no_search(client: httpx.AsyncClient) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    assert await count(client, "Patient", identifier=value) == 1
    await client.delete(f"/{reference}")
    assert await count(client, "Patient", identifier=value) == 0


async def test_what_others_refer_to_is_not_deleted_and_they_are_named(
    client: httpx.AsyncClient,
) -> None:
    subject = await created(client, patient())
    referrers = [await created(client, observation(subject)) for _ in range(2)]

    told = refused(await client.delete(f"/{subject}"), 409)
    assert all(each in told for each in referrers)
    assert (await client.get(f"/{subject}")).status_code == 200

    for each in referrers:
        assert (await client.delete(f"/{each}")).status_code == 204
    assert (await client.delete(f"/{subject}")).status_code == 204


async def test_ten_referrers_are_named_at_most(client: httpx.AsyncClient) -> None:
    subject = await created(client, patient())
    await run(
        client, "batch", *(entry("POST", "Observation", observation(subject)) for _ in range(12))
    )
    told = refused(await client.delete(f"/{subject}"), 409)
    assert told.count("Observation/") == 10


async def test_what_was_referred_to_once_can_be_deleted(client: httpx.AsyncClient) -> None:
    first, second = await created(client, patient()), await created(client, patient())
    told = observation(first, id=fresh())
    await updated(client, told)
    refused(await client.delete(f"/{first}"), 409)
    await updated(client, told | {"subject": {"reference": second}})

    assert (await client.delete(f"/{first}")).status_code == 204
    refused(await client.delete(f"/{second}"), 409)


async def test_a_resource_may_refer_to_itself_and_still_be_deleted(
    client: httpx.AsyncClient,
) -> None:
    logical_id = fresh()
    link = [{"other": {"reference": f"Patient/{logical_id}"}, "type": "seealso"}]
    reference = await updated(client, patient(id=logical_id, link=link))
    assert (await client.delete(f"/{reference}")).status_code == 204


async def test_a_contained_resources_reference_protects_too(client: httpx.AsyncClient) -> None:
    subject = await created(client, patient())
    contained = observation(subject, id="c")
    holder = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "x"},
        "contained": [contained],
        "result": [{"reference": "#c"}],
    }
    reference = await created(client, holder)
    assert reference in refused(await client.delete(f"/{subject}"), 409)


async def test_what_is_brought_back_can_be_found_and_referred_to_again(
    client: httpx.AsyncClient,
) -> None:
    value = fresh()
    told = identified(value, id=fresh())
    reference = await updated(client, told)
    await client.delete(f"/{reference}")
    refused(await client.post("/Observation", json=observation(reference)), 422)

    await updated(client, told)
    assert await count(client, "Patient", identifier=value) == 1
    assert await created(client, observation(reference))


async def test_a_delete_without_an_id_needs_criteria(client: httpx.AsyncClient) -> None:
    refused(await client.delete("/Patient"), 400)
    assert (await client.delete(f"/Patient?identifier={fresh()}")).status_code == 204
