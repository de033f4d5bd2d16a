"""A write that loses a race runs again, and its second run is as good as a first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.api.resources import count, fresh, identified, observation, post, put, run

if TYPE_CHECKING:
    import httpx

PARALLEL = 12


async def test_links_between_entries_survive_a_lost_race(client: httpx.AsyncClient) -> None:
    shared, label = fresh(), fresh()

    async def admit(number: int) -> httpx.Response:
        contended = {"resourceType": "Organization", "id": shared, "name": f"Clinic {number}"}
        subject = f"urn:uuid:{number:08}-0000-4000-8000-000000000000"
        person = post(identified(label), subject)
        return await run(client, "transaction", person, post(observation(subject)), put(contended))

    answers = await asyncio.gather(*(admit(number) for number in range(PARALLEL)))

    assert [answer.status_code for answer in answers] == [200] * PARALLEL, answers[0].text
    assert await count(client, "Patient", identifier=label) == PARALLEL
    for answer in answers:
        patient, measured = (each["resource"] for each in answer.json()["entry"][:2])
        assert measured["subject"]["reference"] == f"Patient/{patient['id']}"
