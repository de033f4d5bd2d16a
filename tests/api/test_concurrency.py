"""Many clients at once: none of their writes is lost, and none is made up."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.api.linearizability import Event, violations
from tests.api.resources import created, entry, fresh, link, observation, patient, put, run, updated

if TYPE_CHECKING:
    import httpx

CLIENTS = 64


def _told(logical_id: str, content: str) -> dict[str, object]:
    return patient(id=logical_id, name=[{"family": content}])


async def test_unconditional_updates_at_once_all_make_a_version(
    client: httpx.AsyncClient,
) -> None:
    logical_id = fresh()
    answers = await asyncio.gather(
        *(
            client.put(f"/Patient/{logical_id}", json=_told(logical_id, f"n{i}"))
            for i in range(CLIENTS)
        )
    )
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {201: 1, 200: CLIENTS - 1}, [each.text for each in answers][:3]
    versions = sorted(int(answer.json()["meta"]["versionId"]) for answer in answers)
    assert versions == list(range(1, CLIENTS + 1))


async def test_a_race_upon_one_version_has_one_winner(client: httpx.AsyncClient) -> None:
    logical_id = fresh()
    await updated(client, _told(logical_id, "first"))
    for version in range(1, 6):
        headers = {"If-Match": f'W/"{version}"'}
        answers = await asyncio.gather(
            *(
                client.put(f"/Patient/{logical_id}", json=_told(logical_id, f"{version}-{i}"),
                           headers=headers)
                for i in range(16)
            )
        )  # fmt: skip
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses == {200: 1, 412: 15}
    assert (await client.get(f"/Patient/{logical_id}")).headers["etag"] == 'W/"6"'


async def test_a_delete_and_a_reference_to_its_target_never_both_succeed(
    client: httpx.AsyncClient,
) -> None:
    for _ in range(15):
        subject = await created(client, patient())
        deleted, *referring = await asyncio.gather(
            client.delete(f"/{subject}"),
            client.post("/Observation", json=observation(subject)),
            client.post("/Observation", json=observation(subject)),
        )
        made = [answer.status_code == 201 for answer in referring]
        assert {answer.status_code for answer in referring} <= {201, 422}
        assert deleted.status_code == (409 if any(made) else 204), made


async def test_transactions_upon_the_same_resources_in_any_order_all_succeed(
    client: httpx.AsyncClient,
) -> None:
    ids = [fresh() for _ in range(5)]

    async def one(number: int) -> httpx.Response:
        order = random.Random(number).sample(ids, len(ids))
        told = [put(_told(i, f"n{number}")) for i in order]
        # A busy service says so before it begins, and the client comes again.
        for _ in range(60):
            answer = await run(client, "transaction", *told)
            if answer.status_code != 503:
                break
            await asyncio.sleep(float(answer.headers["retry-after"]))
        return answer

    answers = await asyncio.gather(*(one(number) for number in range(24)))
    assert {answer.status_code for answer in answers} == {200}
    families = set()
    for each in ids:
        answer = await client.get(f"/Patient/{each}")
        assert answer.headers["etag"] == 'W/"24"'
        families.add(answer.json()["name"][0]["family"])
    # The last transaction wrote them all.
    assert len(families) == 1


async def test_what_a_transaction_writes_together_is_never_seen_apart(
    client: httpx.AsyncClient,
) -> None:
    one, two, mark = fresh(), fresh(), fresh()
    done = asyncio.Event()

    async def write() -> None:
        for i in range(40):
            told = [_told(each, f"{mark}-{i}") for each in (one, two)]
            answer = await run(client, "transaction", *map(put, told))
            assert answer.status_code == 200
        done.set()

    async def look() -> int:
        seen = 0
        while not done.is_set():
            answer = await client.get(f"/Patient?_id={one},{two}")
            names = [
                each["resource"]["name"][0]["family"] for each in answer.json().get("entry", ())
            ]
            assert len(names) in {0, 2}
            assert len(set(names)) <= 1
            both = await run(
                client, "transaction", *(entry("GET", f"Patient?_id={each}") for each in (one, two))
            )
            assert both.status_code == 200
            seen += 1
        return seen

    *looked, _ = await asyncio.gather(look(), look(), look(), write())
    assert all(looked)


class History:
    """Clients that read and write one resource at random, and what they saw."""

    def __init__(self, client: httpx.AsyncClient, seed: int) -> None:
        self.client = client
        self.chance = random.Random(seed)
        self.id = fresh()
        self.events: list[Event] = []
        self.known = 0

    async def one(self, _: int) -> None:
        if self.chance.random() < 0.4:
            await self._read()
        else:
            await self._write(if_match=self.chance.random() < 0.5)

    async def _read(self) -> None:
        began = time.monotonic()
        answer = await self.client.get(f"/Patient/{self.id}")
        ended = time.monotonic()
        if answer.status_code == 200:
            told = answer.json()
            version, content = int(told["meta"]["versionId"]), told["name"][0]["family"]
            self.events.append(Event("read", began, ended, "done", content, version))
        else:
            assert answer.status_code == 404

    async def _write(self, *, if_match: bool) -> None:
        content, base = fresh(), self.known if if_match and self.known else None
        headers = {} if base is None else {"If-Match": f'W/"{base}"'}
        began = time.monotonic()
        url, told = f"/Patient/{self.id}", _told(self.id, content)
        answer = await self.client.put(url, json=told, headers=headers)
        ended = time.monotonic()
        if answer.status_code == 412:
            self.events.append(Event("write", began, ended, "failed", content, None, base))
            return
        assert answer.is_success, answer.text
        version = int(answer.json()["meta"]["versionId"])
        self.known = max(self.known, version)
        self.events.append(Event("write", began, ended, "done", content, version, base))

    async def final(self) -> dict[int, str]:
        found: dict[int, str] = {}
        url: str | None = f"/Patient/{self.id}/_history?_count=100"
        while url is not None:
            answer = await self.client.get(url)
            for each in answer.json()["entry"]:
                told = each["resource"]
                found[int(told["meta"]["versionId"])] = told["name"][0]["family"]
            url = link(answer, "next")
        return found


@pytest.mark.parametrize(
    ("clients", "requests", "rounds"),
    [(8, 200, 2), pytest.param(64, 5000, 40, marks=pytest.mark.long)],
)
async def test_histories_could_have_happened_in_one_order(
    client: httpx.AsyncClient, clients: int, requests: int, rounds: int
) -> None:
    for seed in range(rounds):
        history = History(client, seed)
        waiting = iter(range(requests))

        async def work(history: History = history, waiting: object = waiting) -> None:
            for number in waiting:  # type: ignore[attr-defined]
                await history.one(number)

        await asyncio.gather(*(work() for _ in range(clients)))
        assert len(history.events) >= requests // 2
        assert violations(history.events, await history.final()) == []
