"""What many clients do at once could have happened in one order, whichever way each writes."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest

from tests.api.concurrent_clients import Clients, brought_back, content_of, number, versions
from tests.api.linearizability import DELETED, Event, Kind, made_twice, violations
from tests.api.patches import JSON_PATCH, operation
from tests.api.resources import SYSTEM, count, entry, fresh, identified, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from tests.api.resources import Resource


async def _at_once(clients: int, requests: int, do: Callable[[], Awaitable[None]]) -> None:
    waiting = iter(range(requests))

    async def work() -> None:
        for _ in waiting:
            await do()

    await asyncio.gather(*(work() for _ in range(clients)))


@pytest.mark.parametrize(
    ("clients", "requests", "rounds"),
    [(8, 250, 2), (64, 400, 1), pytest.param(64, 5000, 40, marks=pytest.mark.long)],
)
async def test_histories_could_have_happened_in_one_order(
    client: httpx.AsyncClient, clients: int, requests: int, rounds: int
) -> None:
    for seed in range(rounds):
        history = Clients(client, seed, resources=1 + seed % 10)
        await _at_once(clients, requests, history.one)
        done = [each for events in history.events.values() for each in events]
        assert len([each for each in done if each.outcome == "done"]) >= requests // 3
        left = await history.check()
        assert brought_back(left)
        assert len(history.together) >= requests // 12


class Conditional:
    """Clients that write the resource of one business identifier, whichever it is."""

    def __init__(self, client: httpx.AsyncClient, seed: int) -> None:
        self.client = client
        self.chance = random.Random(seed)
        self.value = fresh()
        self.url = f"Patient?identifier={SYSTEM}|{self.value}"
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.deletes: list[tuple[float, float]] = []

    async def one(self) -> None:
        ways = (self.create, self.update, self.update, self.patch, self.bundle, self.delete)
        await self.chance.choice(ways)()

    async def create(self) -> None:
        began, content = time.monotonic(), fresh()
        headers = {"If-None-Exist": self.url.partition("?")[2]}
        answer = await self.client.post("/Patient", json=self._told(content), headers=headers)
        # Where there is one already, it is shown.
        self._saw(began, answer, content if answer.status_code == 201 else None)

    async def update(self) -> None:
        began, content = time.monotonic(), fresh()
        answer = await self.client.put(f"/{self.url}", json=self._told(content))
        self._saw(began, answer, content)

    async def patch(self) -> None:
        began, content = time.monotonic(), fresh()
        changed = [operation("replace", "/name/0/family", value=content)]
        headers = {"Content-Type": JSON_PATCH}
        url, body = f"/{self.url}", json.dumps(changed)
        answer = await self.client.patch(url, content=body, headers=headers)
        if answer.status_code not in {404, 409, 503}:
            self._saw(began, answer, content)

    async def bundle(self) -> None:
        began, content = time.monotonic(), fresh()
        told = entry("PUT", self.url, self._told(content))
        answer = await run(self.client, "transaction", told)
        if answer.status_code not in {409, 503}:
            assert answer.status_code == 200, answer.text
            [made] = answer.json()["entry"]
            self._keep(began, "write", made["resource"], content)

    async def delete(self) -> None:
        began = time.monotonic()
        answer = await self.client.delete(f"/{self.url}")
        assert answer.status_code in {204, 409, 503}, answer.text
        # The answer tells the version, but not of which resource it was.
        if "etag" in answer.headers:
            self.deletes.append((began, time.monotonic()))

    def _told(self, content: str) -> Resource:
        return identified(self.value, "Patient", name=[{"family": content}])

    def _saw(self, began: float, answer: httpx.Response, content: str | None) -> None:
        if answer.status_code in {409, 503}:
            return
        assert answer.is_success, answer.text
        kind: Kind = "write" if content else "read"
        self._keep(began, kind, answer.json(), content or content_of(answer.json()))

    def _keep(self, began: float, kind: Kind, resource: Resource, content: str) -> None:
        version = number(f'W/"{resource["meta"]["versionId"]}"')
        event = Event(kind, began, time.monotonic(), "done", content, version)
        self.events[resource["id"]].append(event)

    async def check(self) -> Counter[str]:
        """Check each resource that met the condition, and all of them together."""
        left = 0
        for logical_id, events in self.events.items():
            found = await versions(self.client, logical_id)
            lasted = list(found.values()).count(DELETED)
            if lasted:
                events += [Event("delete", *each, "lost", DELETED) for each in self.deletes]
            assert violations(events, found) == []
            assert lasted <= 1
            left += 1 - lasted
        assert left == await count(self.client, "Patient", identifier=self.value) <= 1
        assert len(self.events) - left == len(self.deletes)
        assert made_twice(self.events) == []
        return Counter(event.kind for events in self.events.values() for event in events)


@pytest.mark.parametrize(
    ("clients", "requests", "rounds"),
    [(8, 150, 2), (32, 200, 1), pytest.param(64, 5000, 20, marks=pytest.mark.long)],
)
async def test_a_condition_has_one_resource_at_a_time(
    client: httpx.AsyncClient, clients: int, requests: int, rounds: int
) -> None:
    for seed in range(rounds):
        history = Conditional(client, seed)
        await _at_once(clients, requests, history.one)
        kinds = await history.check()
        assert kinds["write"] >= requests // 4
