"""Whoever changes rows past the services is found, and the first version is named.

Each case changes one record in a transaction, looks, and takes it back.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_NAME
from shared.store.version import Change, Key
from tests.store.chained_record import ACCESS, BEGIN, opened, verified

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.store.version import Version

P, O1, O2 = Key("Patient", "p"), Key("Observation", "o1"), Key("Observation", "o2")
W = Key("Practitioner", "w")
# Each is one statement; the practitioner is a stream of its own.
WRITES = ((P, O1, O2, W), (O1, O2, W), (O1, W), (O1, O2, W))
NEWEST = {P: 1, O1: 4, O2: 3, W: 4}
VERSIONS = [(key, version) for key, newest in NEWEST.items() for version in range(1, newest + 1)]

OF = "id = '{key.id}' AND version = {version}"
# What is done to a version, whichever it is.
ALTERING = {
    "a byte of its body": "UPDATE record.version SET body = overlay(body PLACING '#' FROM 30)",
    "a space in its body": "UPDATE record.version SET body = body || ' '",
    "its instant": "UPDATE record.version SET updated = updated + interval '1 microsecond'",
    "its event's instant": "UPDATE record.feed SET at = at - interval '1 hour'",
    "its method": "UPDATE record.version SET method = 'PATCH'",
    "that it is no deletion": "UPDATE record.version SET deleted = true, body = NULL",
    "whose it is": "UPDATE record.version SET patient = 99",
    "its type": "UPDATE record.version SET type = 1",
    "its link": "UPDATE record.feed SET link = sha256(link)",
}
REMOVING = {
    "all of it": (
        "WITH gone AS (DELETE FROM record.feed WHERE {of}) DELETE FROM record.version WHERE {of}"
    ),
    "its content": "DELETE FROM record.version WHERE {of}",
}
FORGETTING = {
    "all of it": "DELETE FROM record.audit WHERE",
    "its instant": "UPDATE record.audit SET recorded = recorded + interval '1 second' WHERE",
    "that it was written": "UPDATE record.audit SET interaction = 'read' WHERE",
}
SWAPPED = """
UPDATE record.{table} a SET {column} = b.{column} FROM record.{table} b
WHERE a.id = 'o1' AND b.id = 'o1' AND (a.version, b.version) IN ((2, 3), (3, 2))
"""
NEIGHBOURS = """
UPDATE record.feed SET number = {1} + {2} - number
WHERE stream = '{0}' AND number IN ({1}, {2})
"""
# The newest version of a resource, with all in the record that says that it was there.
UNWRITTEN = """
DELETE FROM record.version WHERE id = '{id}' AND version = 4;
DELETE FROM record.feed WHERE id = '{id}' AND version = 4;
UPDATE record.resource SET version = 3, updated = (
  SELECT updated FROM record.version WHERE id = '{id}' AND version = 3) WHERE id = '{id}'
"""
INSERT_VERSION = """
INSERT INTO record.version (tenant, pk, version, type, id, updated, deleted, method, body, patient)
SELECT tenant, pk, {new}, type, id, updated, deleted, method, body, patient FROM record.version
WHERE id = '{id}' AND version = {like};
"""
INSERT_EVENT = """
INSERT INTO record.feed (tenant, stream, number, type, id, version, at, link)
SELECT tenant, stream, number + {after}, type, id, {new}, at, {link} FROM record.feed
WHERE id = '{id}' AND version = {like};
"""
SHOW = "UPDATE record.resource SET version = {new} WHERE id = '{id}';"
COUNT = "UPDATE record.stream SET number = number + 1 WHERE stream = 'Patient/p';"
INSERTING: dict[str, tuple[Key, int, str, dict[str, object]]] = {
    "without an event": (O1, 5, INSERT_VERSION, {"like": 4}),
    "shown, without an event": (O1, 5, INSERT_VERSION + SHOW, {"like": 4}),
    "by itself, shown, without an event": (W, 5, INSERT_VERSION + SHOW, {"like": 4}),
    "at the end": (
        O2,
        4,
        INSERT_VERSION + INSERT_EVENT + SHOW + COUNT,
        {"like": 3, "after": 1, "link": "sha256(link)"},
    ),
    "between others": (
        O1,
        5,
        INSERT_VERSION + INSERT_EVENT + SHOW,
        {"like": 2, "after": 0, "link": "sha256(link)"},
    ),
    "by itself, without a link": (
        W,
        5,
        INSERT_VERSION + INSERT_EVENT + SHOW,
        {"like": 4, "after": 1, "link": "NULL"},
    ),
}


@pytest.fixture(scope="module")
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect to a record in which every version is one of VERSIONS."""
    async with opened(database_url) as store:
        for keys in WRITES:
            async with store.begin(ACCESS, "test", door=True) as tx:
                await tx.write([_change(key, await tx.read(key)) for key in keys])
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


def _change(key: Key, before: Version | None) -> Change:
    content: dict[str, Any] = {"resourceType": key.type, "id": key.id}
    if key.type == "Observation":
        content |= {"status": "final", "code": {"text": "é"}, "subject": {"reference": str(P)}}
    return Change(key, "PUT", before, content, BEGIN)


def gone(where: str, *tables: str) -> str:
    """Give the statements that remove rows from some tables."""
    return ";".join(f"DELETE FROM record.{table} WHERE {where}" for table in tables)


async def found(owner: asyncpg.Connection, tampering: str) -> tuple[str, ...]:
    """Tell what is found after tampering, which is then taken back."""
    transaction = owner.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        await owner.execute(tampering)
        return (await verified(owner)).findings
    finally:
        await transaction.rollback()


async def test_the_record_holds_as_it_was_written(owner: asyncpg.Connection) -> None:
    assert (await verified(owner)).versions == len(VERSIONS)
    assert await found(owner, "SELECT 1") == ()


@pytest.mark.parametrize("what", ALTERING)
async def test_whichever_version_is_altered_is_named(owner: asyncpg.Connection, what: str) -> None:
    for key, version in VERSIONS:
        sql = f"{ALTERING[what]} WHERE {OF.format(key=key, version=version)}"
        assert await found(owner, sql) == (f"{key} version {version} was altered",)


@pytest.mark.parametrize("what", REMOVING)
async def test_whichever_version_is_removed_is_named(owner: asyncpg.Connection, what: str) -> None:
    for key, version in VERSIONS:
        sql = REMOVING[what].format(of=OF.format(key=key, version=version))
        assert await found(owner, sql) == (f"{key} version {version} was removed",)


async def test_whichever_event_is_removed_is_named(owner: asyncpg.Connection) -> None:
    for key, version in VERSIONS:
        told = await found(
            owner, f"DELETE FROM record.feed WHERE {OF.format(key=key, version=version)}"
        )
        # Of what is by itself, the last event may be gone, or the version may never have had one.
        is_last = (key, version) == (W, NEWEST[W])
        what = "inserted" if is_last else "removed"
        assert told == (f"{key} version {version} was {what}",)


@pytest.mark.parametrize("table", ["version", "feed"])
async def test_of_two_that_are_swapped_the_first_is_named(
    owner: asyncpg.Connection, table: str
) -> None:
    column = {"version": "body", "feed": "number"}[table]
    # In the order of their stream, the third version now stands at the place of the second.
    first = {"version": 2, "feed": 3}[table]

    told = await found(owner, SWAPPED.format(table=table, column=column))
    assert told == (f"{O1} version {first} was altered",)


async def test_of_two_neighbours_that_are_swapped_the_first_is_named(
    owner: asyncpg.Connection,
) -> None:
    sql = "SELECT stream, number, type, id, version FROM record.feed ORDER BY stream, number"
    rows = [tuple(row) for row in await owner.fetch(sql)]
    for before, after in pairwise(rows):
        if before[0] == after[0]:
            told = await found(owner, NEIGHBOURS.format(*before[:2], after[1]))
            named = Key(TYPE_NAME[after[2]], after[3])
            assert told == (f"{named} version {after[4]} was altered",)


@pytest.mark.parametrize("where", INSERTING)
async def test_what_is_inserted_is_named(owner: asyncpg.Connection, where: str) -> None:
    key, new, sql, values = INSERTING[where]

    told = await found(owner, sql.format(id=key.id, new=new, **values))
    assert told == (f"{key} version {new} was inserted",)


async def test_only_the_first_of_a_stream_is_named(owner: asyncpg.Connection) -> None:
    told = await found(owner, "UPDATE record.version SET method = 'POST'")
    assert told == (f"{P} version 1 was altered", f"{W} version 1 was altered")


async def test_of_a_resource_that_is_removed_the_audit_names_the_first(
    owner: asyncpg.Connection,
) -> None:
    for key in (O1, W):
        told = await found(owner, gone(f"id = '{key.id}'", "version", "feed", "resource"))
        assert told == (f"{key} version 1 was removed",)
        # Without the audit, the stream of a patient still has its number.
        every = ("version", "feed", "resource", "audit")
        told = await found(owner, gone(f"id = '{key.id}'", *every))
        assert told == ((f"the version with number 2 of {P} was removed",) if key == O1 else ())


async def test_a_whole_stream_that_is_removed_is_named_by_its_first_version(
    owner: asyncpg.Connection,
) -> None:
    ours = "id IN ('p', 'o1', 'o2')"
    told = await found(
        owner, gone(ours, "version", "feed", "resource") + ";" + gone(f"stream = '{P}'", "stream")
    )
    assert told == (f"{P} version 1 was removed",)


async def test_the_newest_versions_that_are_removed_are_named(owner: asyncpg.Connection) -> None:
    for key in (O1, W):
        told = await found(owner, UNWRITTEN.format(id=key.id))
        assert told == (f"{key} version 4 was removed",)


@pytest.mark.parametrize("what", FORGETTING)
async def test_whichever_row_of_the_audit_is_changed_is_named(
    owner: asyncpg.Connection, what: str
) -> None:
    for key, version in VERSIONS:
        told = await found(owner, f"{FORGETTING[what]} {OF.format(key=key, version=version)}")
        assert told == (f"the audit's row of {key} version {version} is missing or altered",)


async def test_an_account_of_whose_it_was_that_is_changed_in_the_audit_is_named(
    owner: asyncpg.Connection,
) -> None:
    told = await found(owner, "UPDATE record.audit SET patient = 99 WHERE id = 'o2'")
    assert told == (f"the audit's row of {O2} version 1 is missing or altered",)


async def test_an_older_version_that_is_shown_as_the_newest_is_named(
    owner: asyncpg.Connection,
) -> None:
    for key in (O1, W):
        told = await found(owner, SHOW.format(id=key.id, new=3))
        assert told == (f"{key} version 4 is the newest, and another one is shown",)


async def test_a_stream_whose_own_account_is_changed_is_named(owner: asyncpg.Connection) -> None:
    told = await found(owner, "UPDATE record.stream SET added = sha256(added)")
    assert told == (f"{O2} version 3 was altered",)
    told = await found(owner, COUNT)
    assert told == (f"the version with number 9 of {P} was removed",)
    assert await found(owner, gone(f"stream = '{P}'", "stream")) == (
        f"the count of {P} was removed",
    )


async def test_a_resource_that_is_removed_alone_is_named_once(owner: asyncpg.Connection) -> None:
    told = await found(owner, gone("id = 'o1'", "resource"))
    assert told == (f"{O1} version 1 was removed",)
