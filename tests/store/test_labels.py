"""The labels in use are those of current resources that the caller may see, each once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.store.reading import Reading
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TYPES = ("Observation", "Patient")


def tagged(resource_type: str, logical_id: str, *tags: str, **elements: object) -> dict[str, Any]:
    meta = {"tag": [{"code": tag} for tag in tags]}
    return {"resourceType": resource_type, "id": logical_id, "meta": meta, **elements}


@pytest.fixture
async def record(database_url: str) -> AsyncIterator[Record]:
    connection = await asyncpg.connect(database_url)
    record = Record(connection)
    of = {"subject": {"reference": "Patient/p1"}}
    await record.write(
        [
            tagged("Patient", "p1", "a", "b"),
            tagged("Patient", "p2", "a", "c"),
            tagged("Observation", "o1", "d", **of),
            tagged("Basic", "b1", "e"),
        ]
    )
    yield record
    await connection.close()


async def test_each_label_is_listed_once(record: Record) -> None:
    reading = Reading(record.connection, record.access, b"")
    found = await reading.labels(TYPES)
    assert sorted(found) == [("tag", f'{{"code":"{code}"}}') for code in "abcd"]
    assert await reading.current(TYPES, 2) == 3
    assert await reading.current(["Basic"], 2) == 1


async def test_who_sees_less_learns_of_fewer_labels(record: Record) -> None:
    of_one = Reading(record.connection, record.limited("p1"), b"")
    assert {text[9] for _, text in await of_one.labels(TYPES)} == set("abd")
    assert await of_one.current(TYPES, 5) == 2
    nobody = Reading(record.connection, record.limited("p9"), b"")
    assert await nobody.labels(TYPES) == []
    few = replace(record.access, types=frozenset({"Observation"}))
    of_type = Reading(record.connection, few, b"")
    assert {text[9] for _, text in await of_type.labels(TYPES)} == {"d"}
