"""Finds what lasts more than a day by its end: it may begin long before a time that it reaches."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX search_row_long ON record.search_row (tenant, type, d_hi, d_lo)
        WHERE d_lo < d_hi - 90000000000""")
