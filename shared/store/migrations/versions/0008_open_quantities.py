"""Finds the quantities that reach a value from below: ranges, and those with a comparator."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX search_quantity_hi
        ON record.search_quantity (tenant, type, param, key, hi, pk) WHERE lo < hi""")
    op.execute("""
        CREATE INDEX search_quantity_canonical_hi
        ON record.search_quantity (tenant, type, param, key, canonical, canonical_hi, pk)
        WHERE canonical_lo < canonical_hi""")
