"""FHIR conditional delete: DELETE with criteria. https://hl7.org/fhir/R4/http.html#delete"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.api.resources import (
    SYSTEM,
    count,
    created,
    entry,
    fresh,
    identified,
    observation,
    places,
    refused,
    run,
)

if TYPE_CHECKING:
    import httpx


def _url(value: str) -> str:
    return f"/Patient?identifier={SYSTEM}|{value}"


async def test_the_one_match_is_deleted_and_then_there_is_none(client: httpx.AsyncClient) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    answer = await client.delete(_url(value))
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"] == 'W/"2"'
    assert (await client.get(f"/{reference}")).status_code == 410

    again = await client.delete(_url(value))
    assert again.status_code == 204
    assert "etag" not in again.headers


async def test_what_does_not_match_stays(client: httpx.AsyncClient) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    assert (await client.delete(_url(fresh()))).status_code == 204
    assert (await client.get(f"/{reference}")).status_code == 200


@pytest.mark.parametrize("more", ["", "&_count=5"])
async def test_several_matches_are_refused_and_stay(client: httpx.AsyncClient, more: str) -> None:
    value = fresh()
    for _ in range(2):
        await created(client, identified(value))
    refused(await client.delete(_url(value) + more), 412)
    assert await count(client, "Patient", identifier=value) == 2


@pytest.mark.parametrize(
    "query", ["", "?", "?_count=1", "?nonsense=1", "?identifier=", "?_pretty=true"]
)
async def test_an_unusable_criterion_never_means_all(client: httpx.AsyncClient, query: str) -> None:
    value = fresh()
    await created(client, identified(value))
    refused(await client.delete(f"/Patient{query}"), 400)
    assert await count(client, "Patient", identifier=value) == 1


async def test_a_criterion_beside_an_id_is_not_passed_over(client: httpx.AsyncClient) -> None:
    reference = await created(client, identified(fresh()))
    refused(await client.delete(f"/{reference}?identifier=other"), 400)
    assert (await client.get(f"/{reference}")).status_code == 200
    assert (await client.delete(f"/{reference}?_pretty=true")).status_code == 204


@pytest.mark.parametrize(("told", "status"), [('W/"1"', 204), ('W/"2"', 412), ("*", 204)])
async def test_if_match_is_honoured(client: httpx.AsyncClient, told: str, status: int) -> None:
    value = fresh()
    await created(client, identified(value))
    answer = await client.delete(_url(value), headers={"If-Match": told})
    assert answer.status_code == status


async def test_what_others_refer_to_stays(client: httpx.AsyncClient) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    referrer = await created(client, observation(reference))
    assert referrer in refused(await client.delete(_url(value)), 409)
    await client.delete(f"/{referrer}")
    assert (await client.delete(_url(value))).status_code == 204


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_in_a_bundle_the_match_is_deleted(client: httpx.AsyncClient, kind: str) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    for etag in ('W/"2"', None):
        answer = await run(client, kind, entry("DELETE", _url(value)[1:]))
        assert answer.status_code == 200, answer.text
        [told] = answer.json()["entry"]
        assert told["response"]["status"] == "204"
        assert told["response"].get("etag") == etag
    assert (await client.get(f"/{reference}")).status_code == 410


async def test_in_a_transaction_several_matches_fail_the_whole(client: httpx.AsyncClient) -> None:
    value, other = fresh(), fresh()
    for _ in range(2):
        await created(client, identified(value))
    await created(client, identified(other))
    entries = [entry("DELETE", _url(each)[1:]) for each in (other, value)]
    answer = await run(client, "transaction", *entries)
    refused(answer, 412)
    assert places(answer) == ["Bundle.entry[1]"]
    assert await count(client, "Patient", identifier=other) == 1


async def test_many_deletes_without_match_stand_beside_one_another(
    client: httpx.AsyncClient,
) -> None:
    entries = [entry("DELETE", _url(fresh())[1:]) for _ in range(3)]
    answer = await run(client, "transaction", *entries)
    statuses = [each["response"]["status"] for each in answer.json()["entry"]]
    assert statuses == ["204"] * 3


async def test_deletes_and_updates_on_one_condition_follow_one_another(
    client: httpx.AsyncClient,
) -> None:
    for _ in range(10):
        value = fresh()
        await created(client, identified(value))
        told = identified(value, active=True)
        deleted, updated = await asyncio.gather(
            client.delete(_url(value)), client.put(_url(value), json=told)
        )
        assert deleted.status_code == 204
        # Either the update came first and was deleted, or it made another one.
        left = await count(client, "Patient", identifier=value)
        assert (updated.status_code, left) in {(200, 0), (201, 1)}
