"""Which stream of the feed a write stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    import httpx

FEED = "SELECT stream, number, version FROM record.feed WHERE id = ANY($1) ORDER BY position"


async def test_a_deletion_stands_in_the_stream_of_the_patient_it_was_about(
    client: httpx.AsyncClient, database_url: str
) -> None:
    patient = (await client.post("/Patient", json={"resourceType": "Patient"})).json()["id"]
    flag = {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "safety"},
        "subject": {"reference": f"Patient/{patient}"},
    }
    flag_id = (await client.post("/Flag", json=flag)).json()["id"]
    assert (await client.delete(f"/Flag/{flag_id}")).status_code == 204
    assert (await client.delete(f"/Patient/{patient}")).status_code == 204

    owner = await asyncpg.connect(database_url)
    rows = await owner.fetch(FEED, [patient, flag_id])
    await owner.close()

    stream = f"Patient/{patient}"
    assert [tuple(row) for row in rows] == [
        (stream, 1, 1),
        (stream, 2, 1),
        (stream, 3, 2),
        (stream, 4, 2),
    ]
