"""The statements that verify the record: they change nothing."""

from __future__ import annotations

from typing import Final

from shared.fhir.definitions import TYPE_CODE

COUNT: Final = "SELECT count(*) FROM record.feed WHERE tenant = $1"
# Events in the order of their streams, page by page, each with what is stored of its version.
EVENTS: Final = """
WITH page AS MATERIALIZED (
  SELECT * FROM record.feed WHERE tenant = $1 AND (stream, number, position) > ($2, $3, $4)
  ORDER BY stream, number, position LIMIT $5
)
SELECT f.stream, f.number, f.position, f.xid, f.type, f.id, f.version, f.at, f.link,
  f.version > r.version AS is_beyond, v.type AS stored_type, v.id AS stored_id,
  v.version AS stored_version, v.pk, v.updated, v.deleted, v.method, v.patient, v.body
FROM page f
LEFT JOIN record.resource r ON r.tenant = $1 AND r.type = f.type AND r.id = f.id
LEFT JOIN record.version v ON v.tenant = $1 AND v.pk = r.pk AND v.version = f.version
ORDER BY f.stream, f.number, f.position
"""
STREAMS: Final = "SELECT stream, number, base, added FROM record.stream WHERE tenant = $1"
# In the order of the feed nothing that commits later comes before this one.
SETTLED: Final = """
SELECT xid, position FROM record.feed
WHERE tenant = $1 AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY xid DESC, position DESC LIMIT 1
"""
PLACE_OF: Final = "SELECT xid, position FROM record.feed WHERE tenant = $1 AND position = $2"

_STREAM: Final = (
    "(SELECT 'Patient/' || p.id FROM record.resource p WHERE p.tenant = $1 AND p.pk = r.patient)"
)
_NO_EVENT: Final = (
    "NOT EXISTS (SELECT FROM record.feed f WHERE f.tenant = $1 "
    "AND f.type = r.type AND f.id = r.id AND f.version = {})"
)
# Rows of the audit that tell of a write that was done.
_WRITES: Final = (
    "a.tenant = $1 AND a.interaction IN ('create', 'update', 'patch', 'delete') AND a.status < 300"
)
# Versions that neither stand nor have an event, but that a later one came after.
MISSING: Final = f"""
SELECT r.type, r.id, n AS version, {_STREAM} AS stream
FROM record.resource r CROSS JOIN generate_series(1, r.version) n
WHERE r.tenant = $1 AND r.version <> (
    SELECT count(*) FROM record.version v
    WHERE v.tenant = $1 AND v.pk = r.pk AND v.version <= r.version)
  AND NOT EXISTS (
    SELECT FROM record.version v WHERE v.tenant = $1 AND v.pk = r.pk AND v.version = n)
  AND {_NO_EVENT.format("n")}
ORDER BY r.type, r.id, n LIMIT 1000
"""
# Versions of which only the audit tells, in the order in which they were written. Where even the
# Patient is gone, the audit tells whose stream it was.
AUDITED: Final = f"""
SELECT a.type, a.id, a.version, 'Patient/' || coalesce(
    (SELECT p.id FROM record.resource p WHERE p.tenant = $1 AND p.pk = a.patient),
    (SELECT p.id FROM record.audit p WHERE p.tenant = $1 AND p.patient = a.patient
      AND p.type = {TYPE_CODE["Patient"]} LIMIT 1)) AS stream
FROM record.audit a
WHERE {_WRITES} AND a.version IS NOT NULL
  AND NOT EXISTS (SELECT FROM record.feed f
    WHERE f.tenant = $1 AND f.type = a.type AND f.id = a.id AND f.version = a.version)
  AND NOT EXISTS (SELECT FROM record.version v
    WHERE v.tenant = $1 AND v.type = a.type AND v.id = a.id AND v.version = a.version)
ORDER BY a.position LIMIT 1000
"""
# Versions that the audit does not tell of as they were written. Whose some older versions were
# nobody knows any more.
NOT_AUDITED: Final = f"""
SELECT f.type, f.id, f.version, f.stream
FROM record.feed f
JOIN record.resource r ON r.tenant = $1 AND r.type = f.type AND r.id = f.id
JOIN record.version v ON v.tenant = $1 AND v.pk = r.pk AND v.version = f.version
WHERE f.tenant = $1 AND NOT EXISTS (SELECT FROM record.audit a
    WHERE {_WRITES} AND a.type = f.type AND a.id = f.id AND a.version = f.version
      AND a.recorded = f.at AND (v.patient IS NULL OR a.patient = v.patient))
ORDER BY f.stream, f.number LIMIT 1000
"""
UNLOGGED: Final = f"""
SELECT r.type, r.id, r.version, {_STREAM} AS stream
FROM (
  SELECT coalesce(k.type, v.type) AS type, coalesce(k.id, v.id) AS id, v.version, v.patient
  FROM record.version v LEFT JOIN record.resource k ON k.tenant = $1 AND k.pk = v.pk
  WHERE v.tenant = $1
) r
WHERE {_NO_EVENT.format("r.version")}
ORDER BY r.type, r.id, r.version LIMIT 1000
"""
# Resources that show another version than their newest.
NOT_SHOWN: Final = f"""
SELECT v.type, v.id, v.version, {_STREAM} AS stream
FROM record.resource r JOIN record.version v ON v.tenant = $1 AND v.pk = r.pk
WHERE r.tenant = $1 AND v.version >= r.version AND NOT EXISTS (
    SELECT FROM record.version n WHERE n.tenant = $1 AND n.pk = v.pk AND n.version > v.version)
  AND (r.version, r.deleted, r.updated, r.patient)
    IS DISTINCT FROM (v.version, v.deleted, v.updated, v.patient)
ORDER BY v.type, v.id, v.version LIMIT 1000
"""
