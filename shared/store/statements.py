"""The record's fixed statements; a search's are compiled from its query in `search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.store.narrowing import patient_keys

if TYPE_CHECKING:
    from shared.store.narrowing import Narrowing

COLUMNS: Final = "v.type, v.id, v.pk, v.version, v.updated, v.deleted, v.method, v.body"
_CURRENT: Final = (
    f"SELECT {COLUMNS} FROM record.resource r JOIN record.version v "
    "ON v.tenant = r.tenant AND v.pk = r.pk AND v.version = r.version "
    "WHERE r.tenant = $1 AND r.type = $2 AND r.id = "
)
_ANY_VERSION: Final = (
    f"SELECT {COLUMNS} FROM record.resource r JOIN record.version v "
    "ON v.tenant = r.tenant AND v.pk = r.pk "
    "WHERE r.tenant = $1 AND r.type = $2 AND r.id = $3 AND v.version "
)


class Narrowable(NamedTuple):
    """A statement for who sees all, and for who is limited to patients, its last argument."""

    wide: str
    narrow: str

    def of(self, narrowing: Narrowing, args: list[Any]) -> str:
        """Choose the statement, and complete its arguments."""
        if narrowing.patients is None:
            return self.wide
        args.append(list(narrowing.patients))
        return self.narrow


def _narrowable(sql: str, patients: int) -> Narrowable:
    """Narrow by whom a version was about: a later one may have moved it to another person."""
    return Narrowable(sql.format(""), sql.format(_limited("v", patients)))


def _limited(relation: str, patients: int) -> str:
    return f" AND {relation}.patient = ANY(ARRAY({patient_keys(f'${patients}::text[]')}))"


READ: Final = _narrowable(_CURRENT + "$3{}", 4)
READ_MANY: Final = _narrowable(_CURRENT + "ANY($3::text[]){}", 4)
READ_VERSION: Final = _narrowable(_ANY_VERSION + "= $4{}", 5)
HISTORY: Final = _narrowable(_ANY_VERSION + "< $4{} ORDER BY v.version DESC LIMIT $5", 6)

# Whoever refers to one of some resources, and where each stands in time. Whom a row is about tells
# what a caller may see of it.
_MENTIONS: Final = (
    "SELECT s.pk, s.type, c.id, s.d_lo, s.d_hi, c.updated FROM record.search_row s "
    "JOIN record.resource c ON c.tenant = s.tenant AND c.pk = s.pk "
    "WHERE s.tenant = $1 AND s.terms && $2::bigint[] AND ($3::smallint IS NULL OR s.type = $3){}"
)
MENTIONS: Final = Narrowable(_MENTIONS.format(""), _MENTIONS.format(_limited("s", 4)))
READ_PKS: Final = (
    f"SELECT {COLUMNS} FROM record.resource r JOIN record.version v "
    "ON v.tenant = r.tenant AND v.pk = r.pk AND v.version = r.version "
    "WHERE r.tenant = $1 AND r.pk = ANY($2::bigint[])"
)

# Shared for what is referred to, exclusive for what is deleted or must stay unique. The buckets
# come in ascending order, so that two transactions never wait for each other in a circle.
LOCK: Final = (
    "SELECT CASE WHEN alone THEN pg_advisory_xact_lock($1, bucket) "
    "ELSE pg_advisory_xact_lock_shared($1, bucket) END "
    "FROM unnest($2::int[], $3::bool[]) AS t(bucket, alone)"
)
# In the order of their keys, so that two transactions never wait for each other in a circle.
HOLD_ROWS: Final = (
    "SELECT 1 FROM record.resource r "
    "JOIN unnest($2::smallint[], $3::text[]) AS k(type, id) ON r.type = k.type AND r.id = k.id "
    "WHERE r.tenant = $1 ORDER BY r.type, r.id FOR UPDATE OF r"
)
_EXISTING: Final = (
    "SELECT r.type, r.id, r.pk FROM unnest($2::smallint[], $3::text[]) AS k(type, id) "
    "JOIN record.resource r ON r.tenant = $1 AND r.type = k.type AND r.id = k.id "
    "WHERE NOT r.deleted{}"
)
EXISTING: Final = Narrowable(_EXISTING.format(""), _EXISTING.format(_limited("r", 4)))
VERSIONS_OF: Final = _narrowable(
    "SELECT r.type, r.id, v.version "
    "FROM unnest($2::smallint[], $3::text[], $4::int[]) AS k(type, id, version) "
    "JOIN record.resource r ON r.tenant = $1 AND r.type = k.type AND r.id = k.id "
    "JOIN record.version v ON v.tenant = $1 AND v.pk = r.pk AND v.version = k.version "
    "WHERE ($5 OR NOT v.deleted){}",
    6,
)
# Sorted behind a fence, so that which ones are named says nothing of others.
_REFERRERS: Final = (
    "SELECT s.type, s.id FROM (SELECT s.type, s.id FROM record.search_row s WHERE s.tenant = $1 "
    "AND s.terms @> ARRAY[$2::bigint] AND s.pk <> $3 AND ($4::smallint[] IS NULL "
    "OR s.type = ANY($4)){} OFFSET 0) s ORDER BY s.type, s.id LIMIT 10"
)
REFERRERS: Final = Narrowable(_REFERRERS.format(""), _REFERRERS.format(_limited("s", 5)))

# What others refer to may come after them, where that is allowed.
LINK_REFERRERS: Final = "SELECT record.link_referrers($1::bigint[], $2::bigint[])"
# The arrays of a write, as rows.
INPUT: Final = """
WITH input AS (
  SELECT * FROM unnest(
    $2::smallint[], $3::text[], $4::bigint[], $5::int[], $6::timestamptz[], $7::bool[],
    $8::bigint[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::text[],
    $15::text[], $16::text[]
  ) WITH ORDINALITY AS t(
    type, id, pk, version, updated, deleted,
    patient, method, body, stream, d_lo, d_hi, terms, targets, own, nr)
  -- Rows are written in the order of their keys, so that two writers never wait in a circle.
  ORDER BY type, id COLLATE "C"
"""
# The values that rows are searched by, in place of those that are `replaced`.
SEARCHABLE: Final = """
), strings_gone AS (
  DELETE FROM record.search_string s USING input i
  WHERE {replaced} AND s.tenant = $1 AND s.pk = i.pk
), dates_gone AS (
  DELETE FROM record.search_date s USING input i
  WHERE {replaced} AND s.tenant = $1 AND s.pk = i.pk
), quantities_gone AS (
  DELETE FROM record.search_quantity s USING input i
  WHERE {replaced} AND s.tenant = $1 AND s.pk = i.pk
), strings_kept AS (
  INSERT INTO record.search_string (tenant, type, param, pk, patient, norm, exact, tri)
  SELECT $1, i.type, t.param, i.pk, i.patient, t.norm, t.exact, t.tri::int[]
  FROM unnest($17::int[], $18::smallint[], $19::text[], $20::text[], $21::text[])
    AS t(nr, param, norm, exact, tri) JOIN input i ON i.nr = t.nr
), texts_kept AS (
  -- A text of the vocabulary stands under no resource. Two writers may add one at once: that it
  -- stands there twice changes nothing.
  INSERT INTO record.search_string (tenant, type, param, pk, norm, exact, tri)
  SELECT $1, t.type, t.param, 0, t.text, '', t.tri::int[]
  FROM unnest($37::smallint[], $38::smallint[], $39::text[], $40::text[])
    AS t(type, param, text, tri)
  WHERE (SELECT s.pk FROM record.search_string s WHERE s.tenant = $1 AND s.type = t.type
    AND s.param = t.param AND s.norm = t.text AND s.pk = 0 LIMIT 1) IS NULL
), dates_kept AS (
  INSERT INTO record.search_date (tenant, type, param, pk, patient, span, lo, hi)
  SELECT $1, i.type, t.param, i.pk, i.patient, t.span, t.lo, t.hi
  FROM unnest($22::int[], $23::smallint[], $24::smallint[], $25::bigint[], $26::bigint[])
    AS t(nr, param, span, lo, hi) JOIN input i ON i.nr = t.nr
), quantities_kept AS (
  INSERT INTO record.search_quantity
    (tenant, type, param, pk, patient, key, element, lo, hi, units, canonical, canonical_lo,
     canonical_hi)
  SELECT $1, i.type, t.param, i.pk, i.patient, t.key, t.element, t.lo::numeric, t.hi::numeric,
    t.units::bigint[], t.canonical, t.canonical_lo::numeric, t.canonical_hi::numeric
  FROM unnest($27::int[], $28::smallint[], $29::bigint[], $30::smallint[], $31::text[], $32::text[],
    $33::text[], $34::bigint[], $35::text[], $36::text[])
    AS t(nr, param, key, element, lo, hi, units, canonical, canonical_lo, canonical_hi)
  JOIN input i ON i.nr = t.nr"""

WRITE: Final = f"""{INPUT}), created AS (
  INSERT INTO record.resource (tenant, type, id, pk, version, deleted, updated, patient)
  SELECT $1, type, id, pk, version, deleted, updated, patient FROM input WHERE version = 1
  ON CONFLICT DO NOTHING RETURNING pk
), changed AS (
  UPDATE record.resource r
  SET version = i.version, deleted = i.deleted, updated = i.updated, patient = i.patient
  FROM input i
  WHERE i.version > 1 AND r.tenant = $1 AND r.type = i.type AND r.id = i.id
    -- The version that was read is part of the condition, so two writers cannot both win.
    AND r.version = i.version - 1
  RETURNING r.pk
), versions AS (
  INSERT INTO record.version
    (tenant, pk, version, type, id, updated, deleted, method, body, patient)
  SELECT $1, pk, version, type, id, updated, deleted, method, body, patient FROM input
), summed AS (
  SELECT sum, nr FROM unnest($47::bytea[]) WITH ORDINALITY AS t(sum, nr)
), numbered AS (
  INSERT INTO record.stream AS s (tenant, stream, number, base, added)
  SELECT $1, stream, count(*), '', (array_agg(sum ORDER BY nr DESC))[1]
  FROM input JOIN summed USING (nr) WHERE stream IS NOT NULL GROUP BY stream ORDER BY stream
  ON CONFLICT (tenant, stream) DO UPDATE SET number = s.number + EXCLUDED.number,
    base = sha256(s.base || s.added), added = EXCLUDED.added
  RETURNING stream, number, base
), fed AS (
  INSERT INTO record.feed (tenant, stream, number, type, id, version, at, link)
  SELECT $1, coalesce(i.stream, i.own),
    CASE WHEN n.number IS NULL THEN i.version ELSE n.number - i.rest END,
    i.type, i.id, i.version, $41,
    -- Nobody else can have written the version before it: `changed` would have found another one.
    sha256(coalesce(n.base, CASE WHEN i.version > 1 AND n.number IS NULL THEN (
      SELECT f.link FROM record.feed f
      WHERE f.tenant = $1 AND f.stream = i.own AND f.number < i.version
      ORDER BY f.number DESC LIMIT 1) END, '') || summed.sum)
  FROM (
    SELECT *, count(*) OVER (PARTITION BY stream ORDER BY nr DESC) - 1 AS rest
    FROM input
  ) i JOIN summed USING (nr) LEFT JOIN numbered n USING (stream) ORDER BY i.nr
), row_gone AS (
  DELETE FROM record.search_row s USING input i
  WHERE i.deleted AND s.tenant = $1 AND s.type = i.type AND s.pk = i.pk
), row_kept AS (
  INSERT INTO record.search_row AS s
    (tenant, type, pk, id, patient, d_lo, d_hi, terms, targets, generation)
  SELECT $1, type, pk, id, patient, d_lo, d_hi, terms::bigint[], targets::bigint[], $45
  FROM input WHERE NOT deleted
  ON CONFLICT (tenant, type, pk) DO UPDATE
  SET patient = EXCLUDED.patient, d_lo = EXCLUDED.d_lo, d_hi = EXCLUDED.d_hi,
    terms = EXCLUDED.terms, targets = EXCLUDED.targets, generation = EXCLUDED.generation
  -- An update that changes nothing searchable does not touch the index.
  WHERE (s.patient, s.d_lo, s.d_hi, s.terms, s.targets, s.generation) IS DISTINCT FROM
    (EXCLUDED.patient, EXCLUDED.d_lo, EXCLUDED.d_hi, EXCLUDED.terms, EXCLUDED.targets,
      EXCLUDED.generation)
{SEARCHABLE.format(replaced="i.version > 1")}
), audited AS (
  INSERT INTO record.audit
    (tenant, recorded, service, caller, interaction, type, id, version, patient, request_id, status)
  SELECT $1, $41, $42, $43,
    CASE WHEN i.deleted THEN 'delete' WHEN i.version = 1 THEN 'create'
      WHEN i.method = 'PATCH' THEN 'patch' ELSE 'update' END,
    i.type, i.id, i.version, i.patient, $44,
    CASE WHEN i.deleted THEN 204 WHEN i.version = 1 THEN 201 ELSE 200 END
  FROM input i ORDER BY i.nr
), outdated AS (
  -- A release after this one reads the rows in another way: it has to index them again.
  -- Below 0 the position counts these writes, so that none is missed where the walk ends.
  UPDATE record.reindex d SET generation = 0, position = least(d.position, 0) - 1, done = 0
  WHERE $46::bool AND d.tenant = $1 AND d.type IN (SELECT type FROM input)
)
SELECT (SELECT count(*) FROM created) + (SELECT count(*) FROM changed) AS written,
  (SELECT s.search_generation FROM record.site s WHERE s.tenant = $1) AS generation
"""

# Whose resource it was, or that version of it, is what the record says: no reader has to ask.
AUDIT: Final = """
INSERT INTO record.audit
  (tenant, recorded, service, caller, interaction, type, id, version, patient, request_id, status,
   query)
SELECT $1, recorded, service, caller, interaction, type, id, version,
  (SELECT CASE WHEN v.pk IS NULL THEN r.patient ELSE v.patient END
    FROM record.resource r LEFT JOIN record.version v
      ON v.tenant = $1 AND v.pk = r.pk AND v.version = told.version
    WHERE r.tenant = $1 AND r.type = told.type AND r.id = told.id),
  request_id, status, query
FROM unnest(
  $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::int[],
  $9::text[], $10::smallint[], $11::text[]
) AS told(recorded, service, caller, interaction, type, id, version, request_id, status, query)
"""
