"""Looks at the record as its owner does, past the services: whether all of it holds together."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Final

import asyncpg

from shared.access.access import DEFAULT_TENANT
from shared.fhir.definitions import TYPE_NAME
from shared.fhir.reader import read
from shared.fhir.search.reading import Reading
from shared.store.rows import columns, prepare
from shared.store.version import Change, Key
from tests.programs import SERVICES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SETTLE_SECONDS = 60

# What has still to happen: events not read, parked or waiting, and requests not answered.
_UNSETTLED: Final = " UNION ALL ".join(
    f"""
    SELECT '{name} reads the feed' FROM (SELECT) one LEFT JOIN {name}.cursor c ON true
    WHERE c.xid IS NULL OR EXISTS (
      SELECT FROM record.feed f WHERE (f.xid, f.position) > (c.xid, c.position))
    UNION ALL SELECT '{name} has parked ' || stream FROM {name}.inbox
    UNION ALL SELECT '{name} sends ' || key FROM {name}.outbound WHERE answered IS NULL
    """
    for name in SERVICES
)

# Each query finds what should not be.
_FAULTS: Final = {
    "versions are numbered from 1 without a gap": """
        SELECT pk::text FROM record.version GROUP BY tenant, pk
        HAVING min(version) <> 1 OR max(version) <> count(*)""",
    "a resource's current version is its last": """
        SELECT r.type || '/' || r.id FROM record.resource r LEFT JOIN record.version v
          ON (v.tenant, v.pk, v.version) = (r.tenant, r.pk, r.version)
        WHERE v.type IS DISTINCT FROM r.type OR v.id <> r.id OR v.deleted <> r.deleted
          OR v.updated <> r.updated OR EXISTS (
            SELECT FROM record.version n
            WHERE n.tenant = r.tenant AND n.pk = r.pk AND n.version > r.version)""",
    "a version belongs to a resource": """
        SELECT v.type || '/' || v.id FROM record.version v
        WHERE NOT EXISTS (
          SELECT FROM record.resource r WHERE r.tenant = v.tenant AND r.pk = v.pk)""",
    "a version has its content, and a deletion has none": """
        SELECT type || '/' || id FROM record.version WHERE deleted <> (body IS NULL)""",
    "each version stands in the feed once": """
        SELECT coalesce(v.id, f.id) FROM record.version v FULL JOIN record.feed f
          USING (tenant, type, id, version)
        GROUP BY tenant, type, id, version, v.id, f.id
        HAVING count(f.position) <> 1 OR count(v.pk) <> 1""",
    "the feed numbers a patient's stream from 1 without a gap": """
        SELECT f.stream FROM record.feed f LEFT JOIN record.stream s USING (tenant, stream)
        WHERE f.stream LIKE 'Patient/%'
        GROUP BY f.tenant, f.stream, s.number
        HAVING min(f.number) <> 1 OR max(f.number) <> count(*)
          OR count(DISTINCT f.number) <> count(*) OR s.number IS DISTINCT FROM count(*)""",
    "each version stands in the audit": """
        SELECT v.id FROM record.version v LEFT JOIN record.audit a
          ON (a.tenant, a.type, a.id, a.version) = (v.tenant, v.type, v.id, v.version)
          AND a.interaction = CASE WHEN v.deleted THEN 'delete'
            WHEN v.version = 1 THEN 'create' ELSE 'update' END
        GROUP BY v.tenant, v.pk, v.version, v.id HAVING count(a.position) = 0""",
}
_STORED: Final = """
SELECT r.type, r.id, r.pk, r.version, r.patient, r.updated, v.body,
  (SELECT row(s.patient, s.d_lo, s.d_hi, s.terms)::text FROM record.search_row s
    WHERE (s.tenant, s.type, s.pk) = (r.tenant, r.type, r.pk)) AS main,
  ARRAY(SELECT row(t.type, t.patient, t.param, t.norm, t.exact, t.tri)::text
    FROM record.search_string t WHERE (t.tenant, t.pk) = (r.tenant, r.pk)) AS strings,
  ARRAY(SELECT row(d.type, d.patient, d.param, d.span, d.lo, d.hi)::text
    FROM record.search_date d WHERE (d.tenant, d.pk) = (r.tenant, r.pk)) AS dates
FROM record.resource r JOIN record.version v USING (tenant, pk, version)
WHERE r.tenant = $1
"""
# What PostgreSQL writes of the same values, so that both sides are one text.
_AS_STORED: Final = """
SELECT
  (SELECT row($2::bigint, lo, hi, terms::bigint[])::text
    FROM unnest($3::bigint[], $4::bigint[], $5::text[]) AS t(lo, hi, terms)) AS main,
  ARRAY(SELECT row($1::smallint, $2::bigint, param, norm, exact, tri::int[])::text
    FROM unnest($6::smallint[], $7::text[], $8::text[], $9::text[])
      AS t(param, norm, exact, tri)) AS strings,
  ARRAY(SELECT row($1::smallint, $2::bigint, param, span, lo, hi)::text
    FROM unnest($10::smallint[], $11::smallint[], $12::bigint[], $13::bigint[])
      AS t(param, span, lo, hi)) AS dates
"""


@asynccontextmanager
async def owner(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect as the owner, whom no policy binds."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def settled(url: str) -> None:
    """Wait until every service has handled the whole feed, and every request is answered."""
    await becomes(url, None, f"SELECT string_agg(waiting, ', ') FROM ({_UNSETTLED}) t(waiting)")


async def becomes(url: str, expected: object, sql: str) -> None:
    """Wait until a query's one value is as expected."""
    until = time.monotonic() + SETTLE_SECONDS
    async with owner(url) as connection:
        while (found := await connection.fetchval(sql)) != expected:
            assert time.monotonic() < until, f"{found!r} does not become {expected!r}"
            await asyncio.sleep(0.02)


async def counts(url: str, *types: str) -> dict[str, int]:
    """Count what there is of some types."""
    sql = "SELECT type, count(*) FROM record.resource WHERE NOT deleted GROUP BY type"
    async with owner(url) as connection:
        found = {TYPE_NAME[row[0]]: row[1] for row in await connection.fetch(sql)}
    return {name: found.get(name, 0) for name in types} if types else found


async def faults(url: str, *, bases: tuple[str, ...] = ()) -> list[str]:
    """List what does not hold together in the record of the first tenant."""
    async with owner(url) as connection:
        found = [
            f"not so: {rule} ({row[0]})"
            for rule, sql in _FAULTS.items()
            for row in await connection.fetch(sql)
        ]
        rows = await connection.fetch(_STORED, DEFAULT_TENANT)
        for row in rows:
            found += [
                f"{TYPE_NAME[row['type']]}/{row['id']}: {fault}"
                for fault in await _of_resource(connection, row, Reading(UTC, bases))
            ]
    return found


async def _of_resource(
    connection: asyncpg.Connection, row: asyncpg.Record, reading: Reading
) -> list[str]:
    if row["body"] is None:
        left = (row["main"], row["strings"], row["dates"]) != (None, [], [])
        return ["a deleted resource can be found"] if left else []
    content = read(row["body"].encode())
    key = Key(TYPE_NAME[row["type"]], row["id"])
    meta = content["meta"]
    named = (content["resourceType"], content["id"], meta.pop("versionId"))
    del meta["lastUpdated"]
    faults = [] if named == (*key, str(row["version"])) else ["its content is another's"]
    change = Change(key, "PUT", None, content, row["updated"])
    _, _, *index = columns([prepare(change, row["pk"], DEFAULT_TENANT, reading)])[8:]
    lo, hi, terms, _, _, param, norm, exact, tri, _, *dates = index
    expected = await connection.fetchrow(
        _AS_STORED, row["type"], row["patient"], lo, hi, terms, param, norm, exact, tri, *dates
    )
    return faults + [
        f"its {table} rows are not those of its content"
        for table in ("main", "strings", "dates")
        if _sorted(row[table]) != _sorted(expected[table])
    ]


def _sorted(found: str | list[str]) -> str | list[str]:
    return found if isinstance(found, str) else sorted(found)
