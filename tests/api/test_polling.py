"""Who polls a type's history as the page of dashboards says misses no version."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

OVERLAP = timedelta(minutes=5)
EPOCH = "2026-01-01T00:00:00Z"
ROUNDS, WRITERS, TOGETHER = 4, 3, 40
Version = tuple[str, str]


def basic(name: str, told: int) -> dict[str, Any]:
    return {"resourceType": "Basic", "id": name, "code": {"text": f"told {told} times"}}


class Poller:
    """A dashboard that knows the versions it has seen, and the time of the newest."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.since = EPOCH
        self.seen: list[Version] = []

    async def poll(self) -> list[Version]:
        """Read what is new, page by page; gives the versions that were not known."""
        asked = {"_since": self.since, "_count": "7"}
        page = (await self.client.get("Basic/_history", params=asked)).raise_for_status().json()
        entries = list(page.get("entry", []))
        while following := [each["url"] for each in page["link"] if each["relation"] == "next"]:
            page = (await self.client.get(following[0])).raise_for_status().json()
            entries += page["entry"]
        versions = [(each["fullUrl"], each["response"]["etag"]) for each in entries]
        assert len(set(versions)) == len(versions)
        if entries:
            newest = datetime.fromisoformat(entries[0]["response"]["lastModified"])
            self.since = (newest - OVERLAP).isoformat(timespec="milliseconds")
        new = [each for each in versions if each not in self.seen]
        self.seen += new
        return new


async def test_nothing_that_is_written_between_two_polls_is_missed(
    client: httpx.AsyncClient,
) -> None:
    names = [f"poll-{uuid.uuid4()}" for _ in range(WRITERS)]
    poller = Poller(client)

    async def write(name: str) -> None:
        for told in range(ROUNDS):
            (await client.put(f"Basic/{name}", json=basic(name, told))).raise_for_status()

    async def write_many() -> None:
        entry = [
            {
                "resource": basic(f"{names[0]}-{n}", 0),
                "request": {"method": "PUT", "url": f"Basic/{names[0]}-{n}"},
            }
            for n in range(TOGETHER)
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entry}
        (await client.post("", json=bundle)).raise_for_status()

    async def poll() -> None:
        for _ in range(ROUNDS):
            await poller.poll()

    await asyncio.gather(write_many(), poll(), *map(write, names))
    await poller.poll()
    base = str(client.base_url)
    written = {(f"{base}Basic/{name}", f'W/"{n + 1}"') for name in names for n in range(ROUNDS)}
    written |= {(f"{base}Basic/{names[0]}-{n}", 'W/"1"') for n in range(TOGETHER)}
    seen = [each for each in poller.seen if any(name in each[0] for name in names)]
    assert (set(seen), len(seen)) == (written, len(written))
    assert await poller.poll() == []


async def test_what_changes_twice_within_an_instant_is_told_each_time(
    client: httpx.AsyncClient,
) -> None:
    name = f"poll-{uuid.uuid4()}"
    made = (await client.put(f"Basic/{name}", json=basic(name, 0))).raise_for_status()
    poller = Poller(client)
    await poller.poll()
    for told in (1, 2):
        (await client.put(f"Basic/{name}", json=basic(name, told))).raise_for_status()
    new = await poller.poll()
    assert [etag for url, etag in new if url.endswith(name)] == ['W/"3"', 'W/"2"']

    unchanged = {"If-None-Match": 'W/"3"'}
    assert (await client.get(f"Basic/{name}", headers=unchanged)).status_code == 304
    changed = {"If-None-Match": made.headers["ETag"]}
    assert (await client.get(f"Basic/{name}", headers=changed)).json()["meta"]["versionId"] == "3"
