"""Version-aware updates and deletes. https://hl7.org/fhir/R4/http.html#concurrency"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.resources import fresh, patient, put, refused, run, updated

if TYPE_CHECKING:
    import httpx

STALE = ['W/"1"', '"1"', 'W/"3"', 'W/"7", W/"1"', '"abc"', 'W/"02"', 'W/"99999999999999999999"']
FITTING = ['W/"2"', '"2"', "*", 'W/"1", W/"2"']
MALFORMED = ["2", 'W/"2', "W/2", "", 'W/"1",', '"1" "2"', "**", 'w/"2"']


async def _second_version(client: httpx.AsyncClient) -> str:
    told = patient(id=fresh(), active=True)
    await updated(client, told)
    await updated(client, told | {"active": False})
    logical_id: str = told["id"]
    return logical_id


async def _update(client: httpx.AsyncClient, logical_id: str, told: str) -> httpx.Response:
    body = patient(id=logical_id, gender="other")
    return await client.put(f"/Patient/{logical_id}", json=body, headers={"If-Match": told})


@pytest.mark.parametrize(
    ("told", "status"),
    [
        *((told, 412) for told in STALE),
        *((told, 200) for told in FITTING),
        *((told, 400) for told in MALFORMED),
    ],
)
async def test_if_match_guards_an_update(client: httpx.AsyncClient, told: str, status: int) -> None:
    logical_id = await _second_version(client)
    answer = await _update(client, logical_id, told)

    assert answer.status_code == status, answer.text
    current = (await client.get(f"/Patient/{logical_id}")).headers["etag"]
    assert current == ('W/"3"' if status == 200 else 'W/"2"')


@pytest.mark.parametrize(
    ("told", "status"), [('W/"1"', 412), ('W/"2"', 204), ("*", 204), ("2", 400)]
)
async def test_if_match_guards_a_delete(client: httpx.AsyncClient, told: str, status: int) -> None:
    logical_id = await _second_version(client)
    answer = await client.delete(f"/Patient/{logical_id}", headers={"If-Match": told})
    assert answer.status_code == status, answer.text
    assert (await client.get(f"/Patient/{logical_id}")).status_code == (
        410 if status == 204 else 200
    )


@pytest.mark.parametrize(
    ("told", "status"), [('W/"1"', 412), ('W/"2"', 200), ("*", 200), ("2", 400)]
)
async def test_if_match_guards_an_entry_of_a_transaction(
    client: httpx.AsyncClient, told: str, status: int
) -> None:
    logical_id = await _second_version(client)
    entry = put(patient(id=logical_id, gender="other"), ifMatch=told)
    answer = await run(client, "transaction", entry)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[0]"]


async def test_if_match_on_what_never_was_is_a_failed_precondition(
    client: httpx.AsyncClient,
) -> None:
    for told in ('W/"1"', "*"):
        refused(await _update(client, fresh(), told), 412)


async def test_if_none_match_star_only_creates(client: httpx.AsyncClient) -> None:
    told = patient(id=fresh())
    url, headers = f"/Patient/{told['id']}", {"If-None-Match": "*"}

    assert (await client.put(url, json=told, headers=headers)).status_code == 201
    refused(await client.put(url, json=told | {"active": True}, headers=headers), 412)
    await client.delete(url)
    assert (await client.put(url, json=told, headers=headers)).status_code == 201


async def test_a_stale_writer_does_not_learn_of_a_body_by_an_equal_one(
    client: httpx.AsyncClient,
) -> None:
    logical_id = await _second_version(client)
    same = patient(id=logical_id, active=False)
    headers = {"If-Match": 'W/"1"'}
    refused(await client.put(f"/Patient/{logical_id}", json=same, headers=headers), 412)
