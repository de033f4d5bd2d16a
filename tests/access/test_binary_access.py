"""A Binary is seen by those who may see the patient of its securityContext, and by no other."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from shared.access.access import ANONYMOUS, Access
from shared.fhir.search.parse import parse
from shared.fhir.search.reading import Reading
from shared.store.history import History
from shared.store.store import Store
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SYSTEM = Access.system("test")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
BASE = "http://here.example/fhir"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    texts = Reading(bases=(BASE,))
    store = Store(database_url, "intake", 1, texts=texts, keeps_door=True)
    await store.open()
    for name in "ab":
        await _write(store, Key("Patient", f"binary-{name}"), {})
    yield store
    await store.close()


async def _write(store: Store, key: Key, content: dict[str, Any] | None) -> None:
    after = None if content is None else {"resourceType": key.type, "id": key.id, **content}
    async with store.begin(SYSTEM, "test", door=True) as tx:
        await tx.write([Change(key, "PUT", await tx.read(key), after, NOW)])


async def _seen(store: Store, key: Key, *patients: str) -> list[int]:
    async with store.reading(_limited(*patients)) as reading:
        return [each.number for each in await reading.history(key, before=None, limit=9)]


@dataclass(frozen=True)
class Sight:
    """What each way to a Binary shows to whoever asks: the numbers of versions, and ids."""

    read: int | None
    vread: tuple[int, ...]
    history: tuple[int, ...]
    type_history: tuple[int, ...]
    found: tuple[str, ...]
    counted: int


async def _sight(store: Store, key: Key, access: Access) -> Sight:
    past = History(("Binary",), count=1000)
    query = parse("Binary", [("_id", key.id)], zone=UTC, now=NOW)
    async with store.reading(access) as reading:
        current = await reading.read(key)
        versions = [await reading.read_version(key, number) for number in (1, 2, 3)]
        everywhere = [version for version, _ in await reading.past(past, None)]
        return Sight(
            None if current is None else current.number,
            tuple(each.number for each in versions if each is not None),
            tuple(each.number for each in await reading.history(key, before=None, limit=9)),
            tuple(each.number for each in everywhere if each.key == key),
            tuple(await reading.matching(query)),
            await reading.count(query),
        )


def _limited(*patients: str) -> Access:
    return Access(1, ANONYMOUS, frozenset(patients), None, "test")


async def test_every_way_to_it_shows_the_same(store: Store) -> None:
    key = Key("Binary", uuid.uuid4().hex)
    for name in "ab":
        context = {"reference": f"Patient/binary-{name}"}
        await _write(store, key, {"contentType": "text/plain", "securityContext": context})
    found = (key.id,)
    nothing = Sight(None, (), (), (), (), 0)

    # The first version was protected as a's, and the one after it as b's.
    assert await _sight(store, key, _limited("binary-a")) == Sight(None, (1,), (1,), (1,), (), 0)
    assert await _sight(store, key, _limited("binary-b")) == Sight(2, (2,), (2,), (2,), found, 1)
    for access in (SYSTEM, _limited("binary-a", "binary-b")):
        both = (2, 1)
        assert await _sight(store, key, access) == Sight(2, (1, 2), both, both, found, 1)
    assert await _sight(store, key, _limited("binary-c")) == nothing
    assert await _sight(store, key, _limited()) == nothing
    other_types = Access(1, ANONYMOUS, None, frozenset({"Patient"}), "test")
    assert await _sight(store, key, other_types) == nothing


@pytest.mark.parametrize(
    "reference", ["Patient/binary-a", f"{BASE}/Patient/binary-a", "Patient/binary-a/_history/1"]
)
async def test_its_patient_s_readers_see_it(store: Store, reference: str) -> None:
    key = Key("Binary", uuid.uuid4().hex)
    content = {"contentType": "text/plain", "securityContext": {"reference": reference}}
    await _write(store, key, content)
    await _write(store, key, None)
    assert await _seen(store, key, "binary-a") == [2, 1]
    assert await _seen(store, key, "binary-b") == []


@pytest.mark.parametrize(
    "context", [{}, {"securityContext": {"reference": "Organization/a"}}, {"securityContext": {}}]
)
async def test_one_that_names_no_patient_is_seen_by_nobody_who_is_limited(
    store: Store, context: dict[str, Any]
) -> None:
    key = Key("Binary", uuid.uuid4().hex)
    await _write(store, key, {"contentType": "text/plain", **context})
    assert await _seen(store, key, "binary-a", "binary-b") == []
    async with store.reading(SYSTEM) as reading:
        assert await reading.read(key) is not None
