"""Numbers and quantities that can be searched, and the keys of what a resource refers to."""

from __future__ import annotations

from alembic import context, op

from shared.store.policies import statements_of_search_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE record.search_row ADD COLUMN targets BIGINT[] DEFAULT '{}' NOT NULL")
    op.execute("""
        CREATE TABLE record.search_quantity (
          row BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          tenant INTEGER NOT NULL,
          type SMALLINT NOT NULL,
          param SMALLINT NOT NULL,
          pk BIGINT NOT NULL,
          patient BIGINT,
          key BIGINT NOT NULL,
          element SMALLINT NOT NULL,
          lo NUMERIC NOT NULL,
          hi NUMERIC NOT NULL,
          units BIGINT[] NOT NULL,
          canonical BIGINT,
          canonical_lo NUMERIC,
          canonical_hi NUMERIC
        )""")
    op.execute("""
        CREATE INDEX search_quantity_lo
        ON record.search_quantity (tenant, type, param, key, lo, pk) INCLUDE (hi, patient)""")
    op.execute("""
        CREATE INDEX search_quantity_canonical
        ON record.search_quantity (tenant, type, param, key, canonical, canonical_lo, pk)
        INCLUDE (canonical_hi, patient) WHERE canonical IS NOT NULL""")
    op.execute("CREATE INDEX search_quantity_pk ON record.search_quantity (tenant, pk, param)")
    for statement in statements_of_search_table(
        "search_quantity", context.config.attributes["ownership"]
    ):
        op.execute(statement)
