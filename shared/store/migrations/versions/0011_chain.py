"""Chains the versions of every stream, beginning with those that stand.

An older release that still runs writes versions that have no link; `stepdown verify` names them.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# As `chain.digest` does; each version that stands is a group of its own.
_LINK = """
WITH digested AS (
  SELECT f.tenant, f.position, f.stream, f.number, sha256(convert_to(concat_ws(' ',
      f.tenant, f.type, f.id, f.version, v.method,
      (extract(epoch FROM v.updated) * 1000000)::bigint,
      (extract(epoch FROM f.at) * 1000000)::bigint,
      v.deleted::int, v.pk, coalesce(v.patient::text, '-')
    ) || E'\\n' || coalesce(v.body, ''), 'UTF8')) AS digest
  FROM record.feed f
  JOIN record.resource r ON (r.tenant, r.type, r.id) = (f.tenant, f.type, f.id)
  JOIN record.version v ON (v.tenant, v.pk, v.version) = (r.tenant, r.pk, f.version)
), linked AS (
  SELECT *, record.chain(digest) OVER (PARTITION BY tenant, stream ORDER BY number) AS link
  FROM digested
), kept AS (
  UPDATE record.feed f SET link = l.link FROM linked l
  WHERE (f.tenant, f.position) = (l.tenant, l.position)
)
UPDATE record.stream s SET base = coalesce(l.base, ''), added = l.digest
FROM (
  SELECT *, lag(link) OVER (PARTITION BY tenant, stream ORDER BY number) AS base FROM linked
) l
WHERE (s.tenant, s.stream, s.number) = (l.tenant, l.stream, l.number)
"""


def upgrade() -> None:
    op.execute("ALTER TABLE record.feed ADD COLUMN link BYTEA")
    for column in ("base", "added"):
        op.execute(f"ALTER TABLE record.stream ADD COLUMN {column} BYTEA DEFAULT '' NOT NULL")
    op.execute("""
        CREATE FUNCTION record.next_link(link bytea, digest bytea) RETURNS bytea
        LANGUAGE sql IMMUTABLE AS 'SELECT sha256(link || digest)'""")
    op.execute("""
        CREATE AGGREGATE record.chain(bytea) (
          SFUNC = record.next_link, STYPE = bytea, INITCOND = '')""")
    op.execute(_LINK)
    op.execute("DROP AGGREGATE record.chain(bytea)")
    op.execute("DROP FUNCTION record.next_link(bytea, bytea)")
