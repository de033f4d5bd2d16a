"""A resource that was written for the wrong person and then corrected belongs to each in turn."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from shared.access.access import ANONYMOUS, Access
from shared.fhir.search.reading import Reading
from shared.store.store import Store
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SYSTEM = Access.system("test")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Moved:
    """A record in which an observation was first of a, then of b, and is deleted."""

    store: Store
    key: Key

    async def write(self, key: Key, content: dict[str, Any] | None) -> None:
        async with self.store.begin(SYSTEM, "test", door=True) as tx:
            await tx.write([Change(key, "PUT", await tx.read(key), content, NOW)])

    async def history(self, access: Access, *, before: int | None = None) -> list[int]:
        async with self.store.reading(access) as reading:
            found = await reading.history(self.key, before=before, limit=10)
        return [version.number for version in found]


def limited_to(*patients: str) -> Access:
    return Access(1, ANONYMOUS, frozenset(patients), None, "test")


def observation(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": f"of {patient}"},
        "subject": {"reference": f"Patient/{patient}"},
    }


@pytest.fixture
async def moved(database_url: str) -> AsyncIterator[Moved]:
    store = Store(database_url, "intake", 1, texts=Reading(), keeps_door=True)
    await store.open()
    moved = Moved(store, Key("Observation", uuid.uuid4().hex))
    for name in "ab":
        await moved.write(Key("Patient", name), {"resourceType": "Patient", "id": name})
    for content in (observation("a"), observation("b"), None):
        await moved.write(moved.key, content)
    yield moved
    await store.close()


@pytest.mark.parametrize(
    ("access", "visible"),
    [
        (limited_to("a"), [1]),
        # The deletion is of whom the last content was about.
        (limited_to("b"), [3, 2]),
        (limited_to("a", "b"), [3, 2, 1]),
        (limited_to("c"), []),
        (limited_to(), []),
        (SYSTEM, [3, 2, 1]),
    ],
)
async def test_each_person_has_the_versions_that_were_about_them(
    moved: Moved, access: Access, visible: list[int]
) -> None:
    async with moved.store.reading(access) as reading:
        each = [await reading.read_version(moved.key, number) for number in (3, 2, 1)]
        current = await reading.read(moved.key)
        several = await reading.read_many("Observation", [moved.key.id])

    assert await moved.history(access) == visible
    assert [version.number for version in each if version] == visible
    assert (current is not None) is (3 in visible)
    assert list(several.values()) == ([current] if current else [])


async def test_a_history_goes_on_below_a_version(moved: Moved) -> None:
    assert await moved.history(SYSTEM, before=3) == [2, 1]
    assert await moved.history(limited_to("a"), before=2) == [1]
    assert await moved.history(limited_to("b"), before=2) == []
