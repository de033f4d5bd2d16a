"""Looks at the record as its owner does, past the services: whether all of it holds together."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from shared.access.access import DEFAULT_TENANT
from shared.fhir.definitions import TYPE_NAME
from shared.fhir.reader import read
from shared.fhir.search.reading import Reading
from shared.store.rows import columns, prepare
from shared.store.version import Change, Key
from tests.programs import SERVICES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from shared.fhir.reader import JsonObject
    from shared.store.rows import Row

SETTLE_SECONDS = 60

# What has still to happen: events not read, parked or waiting, and requests not answered.
_UNSETTLED: Final = " UNION ALL ".join(
    f"""
    SELECT '{name} reads the feed' FROM (SELECT) one LEFT JOIN {name}.cursor c ON true
    WHERE c.xid IS NULL OR EXISTS (
      SELECT FROM record.feed f
      WHERE f.tenant = c.tenant AND (f.xid, f.position) > (c.xid, c.position))
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
  ARRAY(SELECT row(s.patient, s.d_lo, s.d_hi, s.terms, s.targets)::text FROM record.search_row s
    WHERE (s.tenant, s.type, s.pk) = (r.tenant, r.type, r.pk)) AS main,
  ARRAY(SELECT row(t.type, t.patient, t.param, t.norm, t.exact, t.tri)::text
    FROM record.search_string t WHERE (t.tenant, t.pk) = (r.tenant, r.pk)) AS strings,
  ARRAY(SELECT row(d.type, d.patient, d.param, d.span, d.lo, d.hi)::text
    FROM record.search_date d WHERE (d.tenant, d.pk) = (r.tenant, r.pk)) AS dates,
  ARRAY(SELECT row(q.type, q.patient, q.param, q.key, q.element, q.lo, q.hi, q.units, q.canonical,
      q.canonical_lo, q.canonical_hi)::text
    FROM record.search_quantity q WHERE (q.tenant, q.pk) = (r.tenant, r.pk)) AS quantities
FROM record.resource r JOIN record.version v USING (tenant, pk, version)
WHERE r.tenant = $1
"""
# What PostgreSQL writes of the same values, so that both sides are one text.
_EXPECTED: Final = """
WITH input AS (
  SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[],
    $6::text[]) WITH ORDINALITY AS t(type, patient, lo, hi, terms, targets, nr)
)
SELECT ARRAY[row(i.patient, i.lo, i.hi, i.terms::bigint[], i.targets::bigint[])::text]
    AS main,
  ARRAY(SELECT row(i.type, i.patient, t.param, t.norm, t.exact, t.tri::int[])::text
    FROM unnest($7::int[], $8::smallint[], $9::text[], $10::text[], $11::text[])
      AS t(nr, param, norm, exact, tri) WHERE t.nr = i.nr) AS strings,
  ARRAY(SELECT row(i.type, i.patient, d.param, d.span, d.lo, d.hi)::text
    FROM unnest($12::int[], $13::smallint[], $14::smallint[], $15::bigint[], $16::bigint[])
      AS d(nr, param, span, lo, hi) WHERE d.nr = i.nr) AS dates,
  ARRAY(SELECT row(i.type, i.patient, q.param, q.key, q.element, q.lo::numeric, q.hi::numeric,
      q.units::bigint[], q.canonical, q.canonical_lo::numeric, q.canonical_hi::numeric)::text
    FROM unnest($17::int[], $18::smallint[], $19::bigint[], $20::smallint[], $21::text[],
      $22::text[], $23::text[], $24::bigint[], $25::text[], $26::text[])
      AS q(nr, param, key, element, lo, hi, units, canonical, canonical_lo, canonical_hi)
    WHERE q.nr = i.nr) AS quantities
FROM input i ORDER BY i.nr
"""
_AT_ONCE: Final = 200
_TABLES: Final = ("main", "strings", "dates", "quantities")


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
            await asyncio.sleep(0.05)


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
        reading = Reading(UTC, bases)
        pks = {Key(TYPE_NAME[row["type"]], row["id"]): row["pk"] for row in rows}
        for start in range(0, len(rows), _AT_ONCE):
            found += await _misfiled(connection, rows[start : start + _AT_ONCE], reading, pks)
    return found


async def _misfiled(
    connection: asyncpg.Connection,
    rows: Sequence[asyncpg.Record],
    reading: Reading,
    pks: Mapping[Key, int],
) -> list[str]:
    """List the resources that are stored or indexed as something that they are not."""
    gone = [row for row in rows if row["body"] is None]
    there = [row for row in rows if row["body"] is not None]
    found = [f"{_named(row)} is found" for row in gone if any(row[table] for table in _TABLES)]
    written = [read(row["body"].encode()) for row in there]
    found += [
        f"{_named(row)} holds another's content"
        for row, content in zip(there, written, strict=True)
        if _names(content) != (TYPE_NAME[row["type"]], row["id"], str(row["version"]))
    ]
    prepared = [
        prepare(_as_sent(row, content), row["pk"], DEFAULT_TENANT, reading).with_keys(pks)
        for row, content in zip(there, written, strict=True)
    ]
    main, others = _columns(prepared)
    of_rows = [[row["type"] for row in there], [row["patient"] for row in there]]
    expected = await connection.fetch(_EXPECTED, *of_rows, *main, *others)
    return found + [
        f"{_named(row)} has other {table} rows than its content"
        for row, told in zip(there, expected, strict=True)
        for table in _TABLES
        if sorted(row[table]) != sorted(told[table])
    ]


def _columns(rows: Sequence[Row]) -> tuple[list[Any], list[Any]]:
    """Give the columns of search rows, and of their values, as the write statement has them."""
    every = columns(rows, DEFAULT_TENANT)
    return every[10:14], every[15:]


def _as_sent(row: asyncpg.Record, content: JsonObject) -> Change:
    """Give the change that wrote a version, without what the server added to the content."""
    meta = {k: v for k, v in content["meta"].items() if k not in {"versionId", "lastUpdated"}}
    key = Key(TYPE_NAME[row["type"]], row["id"])
    return Change(key, "PUT", None, content | {"meta": meta}, row["updated"])


def _named(row: asyncpg.Record) -> str:
    return f"{TYPE_NAME[row['type']]}/{row['id']}"


def _names(content: JsonObject) -> tuple[str, str, str]:
    return content["resourceType"], content["id"], content["meta"]["versionId"]
