"""Large transactions take turns: all are written, whatever becomes of those before them."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import TYPE_CHECKING, Any

from shared.server.turns import AT_ONCE, LARGE, Turns

if TYPE_CHECKING:
    import httpx

TEXT = "x" * 1000
MANY = 4 * AT_ONCE


def large(identifier: str) -> dict[str, Any]:
    """Give a transaction of as many Patients as make it large."""
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identifier}"}],
        "name": [{"text": TEXT}],
    }
    entry = {"resource": patient, "request": {"method": "POST", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry] * (LARGE // 1000)}
    assert len(json.dumps(bundle)) > LARGE
    return bundle


async def test_as_many_as_come_are_written(client: httpx.AsyncClient) -> None:
    names = [str(uuid.uuid4()) for _ in range(MANY)]
    answers = await asyncio.gather(*(client.post("", json=large(name)) for name in names))
    assert [each.status_code for each in answers] == [200] * MANY
    for name in names:
        found = await client.get(
            "Patient", params={"_summary": "count", "identifier": f"urn:uuid:{name}"}
        )
        assert found.json()["total"] == LARGE // 1000


async def test_one_that_is_refused_leaves_its_place(client: httpx.AsyncClient) -> None:
    unread = json.dumps(large("x"))[:-1]
    unlawful = large("x")
    unlawful["entry"][-1]["resource"] = {"resourceType": "Patient", "birthDate": "never"}
    batch = large(str(uuid.uuid4())) | {"type": "batch"}
    for _ in range(AT_ONCE):
        refused = await client.post(
            "", content=unread, headers={"Content-Type": "application/fhir+json"}
        )
        assert refused.status_code == 400
        assert (await client.post("", json=unlawful)).status_code == 422
        assert (await client.post("", json=batch)).status_code == 200
    assert (await client.post("", json=large(str(uuid.uuid4())))).status_code == 200


async def test_no_more_than_some_are_there_at_once_and_small_ones_wait_for_none() -> None:
    turns, inside, most = Turns(), 0, 0

    async def one(size: int) -> None:
        nonlocal inside, most
        async with turns.of(size):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one(LARGE + 1) for _ in range(MANY)))
    assert most == AT_ONCE
    await asyncio.gather(*(one(LARGE) for _ in range(MANY)))
    assert most == MANY
