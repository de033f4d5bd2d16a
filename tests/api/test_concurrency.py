"""Many clients at once: none of their writes is lost, and none is made up."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

from tests.api.resources import (
    count,
    created,
    entry,
    fresh,
    identified,
    observation,
    patient,
    put,
    run,
    updated,
)

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


async def test_tokens_that_are_written_together_are_never_found_apart(
    client: httpx.AsyncClient,
) -> None:
    """Two people, and what two services own, change their tokens in one transaction each."""
    person, other, seen = fresh(), fresh(), fresh()
    latest = 0

    async def write() -> None:
        nonlocal latest
        for latest in range(30):
            token = f"{seen}-{latest}"
            plan = {
                "status": "draft",
                "intent": "plan",
                "subject": {"reference": f"Patient/{person}"},
            }
            told = [
                identified(token, id=person),
                identified(token, id=other),
                identified(token, "CarePlan", id=person, **plan),
                identified(token, "Observation", id=person) | observation(f"Patient/{person}"),
            ]
            answer = await run(client, "transaction", *map(put, told))
            assert answer.status_code == 200, answer.text
        latest = -1

    async def look() -> set[int]:
        found = set()
        while latest >= 0:
            for token in (f"{seen}-{latest}", f"{seen}-{latest - 1}"):
                found.add(await count(client, "Patient", identifier=token))
        return found

    async def look_across() -> set[frozenset[str]]:
        """Ask for one of a pair and, in the same moment, what refers to it."""
        found = set()
        including = {"_revinclude": ["CarePlan:subject", "Observation:subject"]}
        while latest >= 0:
            token = f"{seen}-{latest}"
            answer = await client.get("/Patient", params={"identifier": token, **including})
            entries = answer.json().get("entry", ())
            told = [each["resource"] for each in entries]
            found.add(frozenset(each["identifier"][0]["value"] == token for each in told))
        return found

    *counts, across, _ = await asyncio.gather(look(), look(), look_across(), write())
    assert set().union(*counts) == {0, 2}
    # Where one is found, the others have the same token.
    assert {frozenset({True})} <= across <= {frozenset(), frozenset({True})}
