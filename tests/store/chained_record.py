"""A record with a random history, written by several at once, to be tampered with."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from shared.access.access import DEFAULT_TENANT, Access
from shared.fhir.errors import EditConflict
from shared.fhir.search.reading import Reading
from shared.store.store import Store
from shared.store.verify import verify
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from shared.store.verify import Verified

ACCESS = Access.system("test")
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENTS = [Key("Patient", f"p{nr}") for nr in range(3)]
KEYS = [
    *PATIENTS,
    *(Key("Practitioner", f"w{nr}") for nr in range(3)),
    *(Key("Observation", f"o{nr}") for nr in range(12)),
]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = Store(url, "intake", DEFAULT_TENANT, texts=Reading(), keeps_door=True)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def write_randomly(url: str, *, seed: int, rounds: int = 6, writers: int = 3) -> None:
    """Create, change, move between streams, delete and bring back, in transactions of any size."""
    async with opened(url) as store:
        chance = random.Random(seed)
        await write(store, PATIENTS, chance)
        for _ in range(rounds):
            await write(store, chance.sample(KEYS, 6), chance, split=chance.randint(0, 6))
        chances = [random.Random(seed + 1 + nr) for nr in range(writers)]
        await asyncio.gather(*(_write_often(store, each, rounds) for each in chances))


async def write(
    store: Store, keys: Sequence[Key], chance: random.Random, *, split: int = 0
) -> None:
    """Write a new version of some resources, by one statement or by two of one transaction."""
    async with store.begin(ACCESS, "test", door=True) as tx:
        for part in (keys[:split], keys[split:]):
            await tx.write([await _change(tx, key, chance) for key in part])


async def verified(owner: asyncpg.Connection, head: str | None = None) -> Verified:
    return await verify(owner, DEFAULT_TENANT, head, lambda _: None)


async def _write_often(store: Store, chance: random.Random, rounds: int) -> None:
    for _ in range(rounds):
        keys = chance.sample(KEYS, chance.randint(1, 6))
        while True:
            try:
                await write(store, keys, chance)
            # As the engine does with a race that is lost.
            except (EditConflict, asyncpg.DeadlockDetectedError):
                continue
            break


async def _change(tx: Any, key: Key, chance: random.Random) -> Change:  # noqa: ANN401
    before = await tx.read(key)
    is_gone = before is None or before.deleted
    now = BEGIN + timedelta(seconds=chance.random() * 1e6)
    if not is_gone and key.type != "Patient" and chance.random() < 0.2:
        return Change(key, "DELETE", before, None, now)
    return Change(key, "PUT", before, _content(key, chance), now)


def _content(key: Key, chance: random.Random) -> dict[str, Any]:
    content: dict[str, Any] = {"resourceType": key.type, "id": key.id, "language": "de-ÄÖ"}
    if key.type == "Observation":
        # Now and then it is moved to another person, or to none.
        subject = chance.choice([*map(str, PATIENTS), None])
        content |= {"status": "final", "code": {"text": f"{chance.random()}"}}
        content |= {} if subject is None else {"subject": {"reference": subject}}
    return content
