"""How each row of the search was indexed, and how far an indexing anew has come.

A generation is what a site's rows are indexed by at a time: a release's rules, and the parameters
that were registered until then.
"""

from __future__ import annotations

from alembic import context, op

from shared.store.policies import statements_of_reindexing

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Begins a generation: every row of these types is to be indexed anew, by a release's rules. A type
# that has no row here was complete before, and since the rules are those of now.
_BEGIN = """
CREATE FUNCTION record.begin_generation(version integer, types smallint[]) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH before AS MATERIALIZED (
    SELECT s.tenant, s.search_since FROM record.site s
    WHERE s.tenant = current_setting('stepdown.tenant')::int FOR UPDATE
  ), begun AS (
    UPDATE record.site s
    SET search_generation = s.search_generation + 1,
      search_since = CASE WHEN s.search_version = begin_generation.version THEN s.search_since
        ELSE s.search_generation + 1 END,
      search_version = begin_generation.version
    FROM before b WHERE s.tenant = b.tenant
    RETURNING s.tenant, s.search_generation
  ), wanted AS (
    INSERT INTO record.reindex AS r (tenant, type, generation, wanted)
    SELECT b.tenant, t.type, b.search_since, g.search_generation
    FROM before b, begun g, unnest(begin_generation.types) AS t(type)
    ON CONFLICT (tenant, type) DO UPDATE
    SET wanted = EXCLUDED.wanted, position = 0, done = 0, total = NULL
  )
  SELECT search_generation FROM begun
$$
"""


def upgrade() -> None:
    for column in ("search_generation", "search_version", "search_since"):
        op.execute(f"ALTER TABLE record.site ADD COLUMN {column} INTEGER DEFAULT 0 NOT NULL")
    op.execute("ALTER TABLE record.search_row ADD COLUMN generation INTEGER DEFAULT 0 NOT NULL")
    op.execute("""
        CREATE TABLE record.reindex (
          tenant INTEGER NOT NULL,
          type SMALLINT NOT NULL,
          generation INTEGER NOT NULL,
          wanted INTEGER NOT NULL,
          position BIGINT DEFAULT 0 NOT NULL,
          done BIGINT DEFAULT 0 NOT NULL,
          total BIGINT,
          PRIMARY KEY (tenant, type)
        )""")
    op.execute("""
        CREATE TABLE record.search_parameter (
          tenant INTEGER NOT NULL,
          number SMALLINT NOT NULL,
          generation INTEGER NOT NULL,
          definition TEXT NOT NULL,
          retired BOOLEAN DEFAULT false NOT NULL,
          PRIMARY KEY (tenant, number)
        )""")
    op.execute(_BEGIN)
    for statement in statements_of_reindexing(context.config.attributes["ownership"]):
        op.execute(statement)
