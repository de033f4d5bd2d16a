"""Searches of the record: what they find, whom they show it to, and how their pages go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.store.search import count_statement, page_statement, position
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.fixture
def record(connection: asyncpg.Connection) -> Record:
    return Record(connection)


def patient(logical_id: str, **members: object) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": logical_id, **members}


def observation(logical_id: str, subject: str, **members: object) -> dict[str, Any]:
    reference = {"subject": {"reference": subject}}
    return {"resourceType": "Observation", "id": logical_id, **reference, **members}


async def test_a_row_holds_what_an_answer_needs(record: Record) -> None:
    await record.write([patient("a", birthDate="1990-05-01")])
    statement = page_statement(record.query("Patient", ("_sort", "birthdate")), record.access, None)
    (row,) = await record.connection.fetch(statement.sql, *statement.args)
    assert (row["pk"], row["id"], row["version"]) == (1, "a", 1)
    assert row["body"] == '{"resourceType":"Patient","id":"a","birthDate":"1990-05-01"}'
    assert position(row).values == (641520000000000,)


async def test_a_deleted_resource_is_not_found(record: Record) -> None:
    await record.write([patient("a"), patient("b")])
    await record.connection.execute(
        "UPDATE record.resource SET deleted = true WHERE tenant = $1 AND id = 'a'", record.tenant
    )
    await record.connection.execute(
        "DELETE FROM record.search_row WHERE tenant = $1 AND id = 'a'", record.tenant
    )
    assert await record.find("Patient") == ["b"]
    assert await record.find("Patient", ("_lastUpdated", "gt2000")) == ["b"]
    assert await record.find("Patient", ("_id", "a")) == []


async def test_another_tenants_resources_are_not_found(
    record: Record, connection: asyncpg.Connection
) -> None:
    other = Record(connection)
    await other.write([patient("x", gender="male", name=[{"family": "Berg"}])])
    await record.write([patient("a", gender="male", name=[{"family": "Berg"}])])
    for asked in (("gender", "male"), ("family", "berg"), ("_id", "a,x"), ("_sort", "family")):
        assert await record.find("Patient", asked) == ["a"]


async def test_a_caller_limited_to_patients_sees_theirs_only(record: Record) -> None:
    await record.write(
        [
            patient("p1"),
            patient("p2"),
            observation("o1", "Patient/p1"),
            observation("o2", "Patient/p2"),
            observation("o3", "Patient/p1", performer=[{"reference": "Patient/p2"}]),
            observation("o4", "Group/1"),
        ]
    )
    observations = record.query("Observation", ("_sort", "-date"))
    assert await record.ids(observations) == ["o4", "o3", "o2", "o1"]
    assert await record.ids(observations, record.limited("p1")) == ["o1"]
    assert await record.ids(observations, record.limited("p1", "p2")) == ["o2", "o1"]
    assert await record.ids(observations, record.limited()) == []
    assert await record.ids(record.query("Patient"), record.limited("p2")) == ["p2"]
    assert await record.count(observations, record.limited("p2")) == 1
    of_p2 = record.query("Observation", ("subject", "p2"))
    assert await record.ids(of_p2, record.limited("p1")) == []
    many = record.limited("p1", *(f"other{n}" for n in range(100)))
    assert await record.ids(observations, many) == ["o1"]


async def test_a_caller_limited_to_types_sees_these_only(record: Record) -> None:
    await record.write([patient("p1"), observation("o1", "Patient/p1")])
    access = replace(record.access, types=frozenset({"Patient"}))
    assert await record.ids(record.query("Patient"), access) == ["p1"]
    assert await record.ids(record.query("Observation"), access) == []
    assert await record.count(record.query("Observation"), access) == 0


async def test_a_long_text_is_found_by_any_part_of_it_but_begins_only_once(record: Record) -> None:
    words = " ".join(f"word{n}" for n in range(500))
    await record.write([{"resourceType": "Library", "id": "a", "description": words}])
    for found in ("word0 word1", "word0"):
        assert await record.find("Library", ("description", found)) == ["a"]
    for place in range(0, len(words) - 200, 97):
        asked = ("description:contains", words[place : place + 200])
        assert await record.find("Library", asked) == ["a"], place
    assert await record.find("Library", ("description", "word250")) == []
    assert await record.find("Library", ("description:contains", "word499 x")) == []
    assert await record.find("Library", ("description:exact", words)) == ["a"]
    assert await record.find("Library", ("description:exact", words[:-1])) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("family", "山"), ["a"]),
        (("family:contains", "田"), ["a"]),
        (("family", "o brien"), []),
        (("family", "OBRIEN"), ["b"]),
        (("family:exact", "O'Brien"), ["b"]),
        (("family:exact", "o'brien"), []),
        (("family", "brien"), []),
        (("family:contains", "rie"), ["b"]),
        (("family:contains", "r"), ["b"]),
        (("family", "o,山"), ["a", "b"]),
    ],
)
async def test_a_name_is_found_by_how_it_begins(
    record: Record, asked: tuple[str, str], found: list[str]
) -> None:
    await record.write(
        [patient("a", name=[{"family": "山田"}]), patient("b", name=[{"family": "O'Brien"}])]
    )
    assert await record.find("Patient", asked) == found


async def test_a_family_name_sorts_by_its_whole_and_is_found_by_its_words(record: Record) -> None:
    names = {"a": "van der Adams", "b": "Miller", "c": "Zorn", "d": None}
    await record.write(
        [patient(key, name=[{"family": name}] if name else []) for key, name in names.items()]
    )
    assert await record.find("Patient", ("_sort", "family")) == ["b", "a", "c", "d"]
    assert await record.find("Patient", ("_sort", "-family")) == ["c", "a", "b", "d"]
    assert await record.find("Patient", ("family", "adams")) == ["a"]


async def test_pages_neither_repeat_nor_skip_while_others_write(record: Record) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [(start + timedelta(days=n)).date().isoformat() for n in range(9)]
    await record.write(
        [observation(f"o{n}", "Patient/p", effectiveDateTime=day) for n, day in enumerate(days)]
    )
    query = record.query("Observation", ("_sort", "-date"), ("_count", "3"))
    statement = page_statement(query, record.access, None)
    first = await record.connection.fetch(statement.sql, *statement.args)
    assert [row["id"] for row in first] == ["o8", "o7", "o6", "o5"]
    await record.write(
        [
            observation("new", "Patient/p", effectiveDateTime="2026-01-20"),
            observation("between", "Patient/p", effectiveDateTime="2026-01-05T12:00:00Z"),
        ]
    )
    assert await record.ids(query, key=position(first[2])) == ["o5", "between", "o4", "o3"]
    assert await record.ids(query, key=position(first[0], backward=True)) == ["new"]


async def test_a_condition_finds_at_most_two(record: Record) -> None:
    await record.write([patient(f"p{n}", gender="male") for n in range(4)])
    await record.write([patient("x", gender="female")])
    assert await record.matching(record.query("Patient", ("gender", "male"))) == [
        ("p0", 1),
        ("p1", 1),
    ]
    assert await record.matching(record.query("Patient", ("gender", "female"))) == [("x", 1)]
    assert await record.matching(record.query("Patient", ("gender", "other"))) == []


async def test_every_value_is_bound(record: Record) -> None:
    hostile = "'; DROP TABLE record.resource; --"
    query = record.query(
        "Patient", ("name", f"a{hostile}"), ("name:contains", f"bcd{hostile}"),
        ("identifier", hostile), ("_id", hostile), ("general-practitioner:identifier", hostile),
        ("_source", hostile), ("birthdate", "2026"), ("_sort", "name,-birthdate"),
    )  # fmt: skip
    for statement in (
        page_statement(query, record.limited(hostile), None),
        count_statement(query, record.limited(hostile)),
    ):
        assert "DROP" not in statement.sql
        assert "'%'" in statement.sql
        assert await record.connection.fetch(statement.sql, *statement.args) is not None
