"""Clients that read and write a few resources at random and at once, and what they saw."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from tests.api.linearizability import DELETED, Event, Kind, Outcome, violations
from tests.api.patches import JSON_PATCH, operation, patch_entry
from tests.api.resources import entry, fresh, link, patient, put, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping

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
    """Some resources, and all that was done to each.

    Where the programs are made to fail, an answer with a status of `unsure` may be of a write
    that happened, and so may none.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        seed: int,
        resources: int,
        unsure: Iterable[int] = (),
    ) -> None:
        self.client = client
        self.unsure = frozenset(unsure)
        self.chance = random.Random(seed)
        self.ids = [fresh() for _ in range(resources)]
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.known: dict[str, Known] = defaultdict(Known)
        # What was written together, by resource; its answer may have been lost.
        self.together: list[dict[str, str]] = []

    async def one(self) -> None:
        """Do something."""
        logical_id = self.chance.choice(self.ids)
        ways = (self.read, self.read, self.update, self.patch, self.delete, self.bundle)
        await self.chance.choice(ways)(logical_id)

    async def read(self, logical_id: str) -> None:
        began = time.monotonic()
        answer = await self._asked(self.client.get(f"/Patient/{logical_id}"))
        if answer is None or answer.status_code == 503:
            return
        assert answer.status_code in {200, 404, 410}, answer.text
        content = content_of(answer.json()) if answer.is_success else DELETED
        self._saw(logical_id, "read", began, answer, content)

    async def update(self, logical_id: str) -> None:
        content, base = fresh(), self._base(logical_id)
        began = time.monotonic()
        body, headers = told(logical_id, content), _if_match(base)
        answer = await self._asked(
            self.client.put(f"/Patient/{logical_id}", json=body, headers=headers)
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
        body = json.dumps(changes)
        answer = await self._asked(
            self.client.patch(f"/Patient/{logical_id}", content=body, headers=headers)
        )
        self._saw(logical_id, "write", began, answer, content, base)

    async def delete(self, logical_id: str) -> None:
        base = self._base(logical_id)
        began = time.monotonic()
        headers = _if_match(base)
        answer = await self._asked(self.client.delete(f"/Patient/{logical_id}", headers=headers))
        self._saw(logical_id, "delete", began, answer, DELETED, base)

    async def bundle(self, logical_id: str) -> None:
        """Write one resource, and with it another if there is one, in one transaction."""
        others = [each for each in self.ids if each != logical_id]
        ids = [logical_id, *self.chance.sample(others, min(1, len(others)))]
        names = [fresh() for _ in ids]
        entries = [self._entry(*each) for each in zip(ids, names, strict=True)]
        kinds: list[Kind] = [_kind(each) for each in entries]
        contents = [
            DELETED if kind == "delete" else name for kind, name in zip(kinds, names, strict=True)
        ]
        self.together.append(dict(zip(ids, contents, strict=True)))
        began = time.monotonic()
        answer = await self._asked(run(self.client, "transaction", *entries))
        ended = time.monotonic()
        if answer is not None and not answer.is_success:
            assert answer.status_code in NOTHING_DONE, answer.text
            return
        made = answer.json()["entry"] if answer else [None for _ in ids]
        for each, kind, content, one in zip(ids, kinds, contents, made, strict=True):
            version = number(one["response"].get("etag")) if one else None
            outcome: Outcome = "done" if one else "lost"
            self._keep(each, Event(kind, began, ended, outcome, content, version))

    def _entry(self, logical_id: str, content: str) -> Resource:
        way = self.chance.random()
        if way < 0.2:
            return entry("DELETE", f"Patient/{logical_id}")
        if way < 0.4:
            changed = operation("replace", "/name/0/family", value=content)
            return patch_entry(f"Patient/{logical_id}", changed)
        return put(told(logical_id, content))

    async def _asked(self, request: Awaitable[httpx.Response]) -> httpx.Response | None:
        """Wait for an answer; None where it is not known what was done."""
        try:
            answer = await request
        except httpx.TransportError:
            if not self.unsure:
                raise
        else:
            if answer.status_code not in self.unsure:
                return answer
        await asyncio.sleep(0.05)
        return None

    def _base(self, logical_id: str) -> int | None:
        known = self.known[logical_id]
        return known.version if known.version and self.chance.random() < 0.5 else None

    def _saw(
        self,
        logical_id: str,
        kind: Kind,
        began: float,
        answer: httpx.Response | None,
        content: str,
        base: int | None = None,
    ) -> None:
        ended = time.monotonic()
        if answer is None:
            event = Event(kind, began, ended, "lost", content, None, base)
        elif kind != "read" and not answer.is_success:
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

    async def check(self) -> list[dict[int, str]]:
        """Check what was done to each resource and what is left, and give what is left."""
        left = {each: await self.final(each) for each in self.events}
        for logical_id, events in self.events.items():
            assert violations(events, left[logical_id]) == []
        for told_together in self.together:
            there = {
                content in left[each].values()
                for each, content in told_together.items()
                if content != DELETED
            }
            assert len(there) <= 1, told_together
        return list(left.values())


async def versions(client: httpx.AsyncClient, logical_id: str) -> dict[int, str]:
    """Read what each version of a person is called, by its number."""
    found: dict[int, str] = {}
    url: str | None = f"/Patient/{logical_id}/_history?_count=500"
    while url is not None:
        answer = await client.get(url)
        if answer.status_code == 404:
            break
        for each in answer.raise_for_status().json().get("entry", ()):
            content = content_of(each["resource"]) if "resource" in each else DELETED
            found[number(each["response"]["etag"])] = content
        url = link(answer, "next")
    return found


def brought_back(left: Iterable[Mapping[int, str]]) -> int:
    """Count the versions that came after a deletion."""
    return sum(
        content != DELETED and each.get(version - 1) == DELETED
        for each in left
        for version, content in each.items()
    )


def _kind(told: Resource) -> Kind:
    return "delete" if told["request"]["method"] == "DELETE" else "write"


def _if_match(base: int | None) -> dict[str, str]:
    return {} if base is None else {"If-Match": f'W/"{base}"'}
