"""Clients that read and write a few resources at random and at once, and what they saw."""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.api.linearizability import DELETED, Event, Kind
from tests.api.patches import JSON_PATCH, operation, patch_entry
from tests.api.resources import entry, fresh, link, patient, put, run

if TYPE_CHECKING:
    import httpx

    from tests.api.resources import Resource

# Refusals that say that nothing happened: stale, lost races, gone, busy.
NOTHING_DONE = frozenset({404, 409, 410, 412, 422, 503})


def told(logical_id: str, content: str) -> Resource:
    return patient(id=logical_id, name=[{"family": content}])


def content_of(resource: Resource) -> str:
    family: str = resource["name"][0]["family"]
    return family


def number(etag: str | None) -> int:
    """The version that an ETag names; 0 where there is none."""
    return 0 if etag is None else int(etag[3:-1])


@dataclass
class Known:
    """The latest version that a client has seen of a resource."""

    version: int = 0
    content: str = DELETED


class Clients:
    """Some resources, and all that was done to each."""

    def __init__(self, client: httpx.AsyncClient, seed: int, resources: int) -> None:
        self.client = client
        self.chance = random.Random(seed)
        self.ids = [fresh() for _ in range(resources)]
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.known: dict[str, Known] = defaultdict(Known)

    async def one(self) -> None:
        """Do something."""
        logical_id = self.chance.choice(self.ids)
        ways = (self.read, self.read, self.update, self.patch, self.delete, self.bundle)
        await self.chance.choice(ways)(logical_id)

    async def read(self, logical_id: str) -> None:
        began = time.monotonic()
        answer = await self.client.get(f"/Patient/{logical_id}")
        if answer.status_code == 503:
            return
        assert answer.status_code in {200, 404, 410}, answer.text
        content = content_of(answer.json()) if answer.is_success else DELETED
        self._saw(logical_id, "read", began, answer, content)

    async def update(self, logical_id: str) -> None:
        content, base = fresh(), self._base(logical_id)
        began = time.monotonic()
        answer = await self.client.put(
            f"/Patient/{logical_id}", json=told(logical_id, content), headers=_if_match(base)
        )
        self._saw(logical_id, "write", began, answer, content, base)

    async def patch(self, logical_id: str) -> None:
        """Change the name upon the version that is named, or upon the content that is tested."""
        content, base = fresh(), self._base(logical_id)
        changes = [operation("replace", "/name/0/family", value=content)]
        headers = {"Content-Type": JSON_PATCH}
        if base is not None and self.chance.random() < 0.5:
            known = self.known[logical_id].content
            changes.insert(0, operation("test", "/name/0/family", value=known))
        else:
            headers |= _if_match(base)
        began = time.monotonic()
        answer = await self.client.patch(
            f"/Patient/{logical_id}", content=json.dumps(changes), headers=headers
        )
        self._saw(logical_id, "write", began, answer, content, base)

    async def delete(self, logical_id: str) -> None:
        base = self._base(logical_id)
        began = time.monotonic()
        answer = await self.client.delete(f"/Patient/{logical_id}", headers=_if_match(base))
        self._saw(logical_id, "delete", began, answer, DELETED, base)

    async def bundle(self, logical_id: str) -> None:
        """Write one resource, and with it another if there is one, in one transaction."""
        others = [each for each in self.ids if each != logical_id]
        ids = [logical_id, *self.chance.sample(others, min(1, len(others)))]
        contents = [fresh() for _ in ids]
        entries = [self._entry(*each) for each in zip(ids, contents, strict=True)]
        began = time.monotonic()
        answer = await run(self.client, "transaction", *entries)
        ended = time.monotonic()
        assert answer.is_success or answer.status_code in NOTHING_DONE, answer.text
        if not answer.is_success:
            return
        for each, content, made in zip(ids, contents, answer.json()["entry"], strict=True):
            is_delete = made["response"]["status"] == "204"
            version = number(made["response"].get("etag"))
            if is_delete:
                self._keep(each, Event("delete", began, ended, "done", DELETED, version))
            else:
                self._keep(each, Event("write", began, ended, "done", content, version))

    def _entry(self, logical_id: str, content: str) -> Resource:
        way = self.chance.random()
        if way < 0.2:
            return entry("DELETE", f"Patient/{logical_id}")
        if way < 0.4:
            changed = operation("replace", "/name/0/family", value=content)
            return patch_entry(f"Patient/{logical_id}", changed)
        return put(told(logical_id, content))

    def _base(self, logical_id: str) -> int | None:
        known = self.known[logical_id]
        return known.version if known.version and self.chance.random() < 0.5 else None

    def _saw(
        self,
        logical_id: str,
        kind: Kind,
        began: float,
        answer: httpx.Response,
        content: str,
        base: int | None = None,
    ) -> None:
        ended = time.monotonic()
        if kind != "read" and not answer.is_success:
            assert answer.status_code in NOTHING_DONE, answer.text
            # Only a refusal over the version that was named tells something of it.
            named = base if answer.status_code in {412, 422} else None
            event = Event("write", began, ended, "failed", content, None, named)
        else:
            version = number(answer.headers.get("etag"))
            event = Event(kind, began, ended, "done", content, version, base)
        self._keep(logical_id, event)

    def _keep(self, logical_id: str, event: Event) -> None:
        self.events[logical_id].append(event)
        known = self.known[logical_id]
        if event.version and event.version > known.version and event.content:
            known.version, known.content = event.version, event.content

    async def final(self, logical_id: str) -> dict[int, str]:
        """Read the versions that the server has in the end."""
        return await versions(self.client, logical_id)


async def versions(client: httpx.AsyncClient, logical_id: str) -> dict[int, str]:
    """Read what each version of a person is called, by its number."""
    found: dict[int, str] = {}
    url: str | None = f"/Patient/{logical_id}/_history?_count=500"
    while url is not None:
        answer = await client.get(url)
        for each in answer.json().get("entry", ()):
            content = content_of(each["resource"]) if "resource" in each else DELETED
            found[number(each["response"]["etag"])] = content
        url = link(answer, "next")
    return found


def _if_match(base: int | None) -> dict[str, str]:
    return {} if base is None else {"If-Match": f'W/"{base}"'}
