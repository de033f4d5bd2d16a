"""A transaction means the same whatever the order of its entries.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import SYSTEM, created, entry, fresh, identified, observation, post, put
from tests.api.resources import run as run_bundle

if TYPE_CHECKING:
    import httpx

Resource = dict[str, Any]


class Story:
    """Entries of every kind that depend on one another, and what they must leave behind."""

    def __init__(self, leaving: str, moving: str, known: str) -> None:
        self.mark = fresh()
        urn, here = f"urn:uuid:{fresh()}", f"{self.mark}-here"
        self.leaving, self.moving = leaving, moving
        moved = {"id": moving.partition("/")[2], "note": [{"text": "moved"}]}
        found = identified(known)
        self.entries = [
            entry("DELETE", leaving),
            post(identified(self.mark), full_url=urn),
            post(identified(here)),
            post(found, full_url=f"{urn}-found", ifNoneExist=f"identifier={SYSTEM}|{known}"),
            put(observation(urn, **moved)),
            post(self._about(urn, "by name")),
            post(self._about(f"Patient?identifier={here}", "by criteria")),
            post(self._about(f"{urn}-found", "found")),
            entry("GET", f"Patient?identifier={self.mark}&_summary=count"),
            entry("GET", leaving.replace(leaving.partition("/")[2], known)),
        ]
        self.entries.pop()

    def _about(self, subject: str, label: str) -> Resource:
        return observation(subject, code={"text": label}, identifier=[{"value": self.mark}])


async def _story(client: httpx.AsyncClient) -> Story:
    known = fresh()
    subject = await created(client, identified(known))
    old = await created(client, identified(fresh()))
    moving = await created(client, observation(old))
    # Once the observation has moved to another subject, nothing holds the old one.
    assert subject
    return Story(old, moving, known)


async def _told(client: httpx.AsyncClient, seed: int) -> list[str]:
    story = await _story(client)
    order = list(range(len(story.entries)))
    random.Random(seed).shuffle(order)
    answer = await run_bundle(client, "transaction", *(story.entries[i] for i in order))
    assert answer.status_code == 200, answer.text
    by_entry = dict(zip(order, answer.json()["entry"], strict=True))
    statuses = [by_entry[i]["response"]["status"] for i in sorted(by_entry)]

    found = (await client.get(f"/Observation?identifier={story.mark}&_sort=_id")).json()["entry"]
    subjects = {
        each["resource"]["code"]["text"]: each["resource"]["subject"]["reference"] for each in found
    }
    named = [f"Patient/{by_entry[i]['resource']['id']}" for i in (1, 2, 3)]
    assert [subjects[label] for label in ("by name", "by criteria", "found")] == named
    moved = (await client.get(f"/{story.moving}")).json()
    assert moved["subject"]["reference"] == named[0]
    gone = (await client.get(f"/{story.leaving}")).status_code
    counted = by_entry[8]["resource"]["total"]
    return [*statuses, str(gone), str(counted)]


@pytest.mark.parametrize("rounds", [25, pytest.param(1000, marks=pytest.mark.long)])
async def test_the_order_of_entries_means_nothing(client: httpx.AsyncClient, rounds: int) -> None:
    expected = ["204", "201", "201", "200", "200", "201", "201", "201", "200", "410", "1"]
    for first in range(0, rounds, 5):
        told = await asyncio.gather(*(_told(client, seed) for seed in range(first, first + 5)))
        assert told == [expected] * 5
