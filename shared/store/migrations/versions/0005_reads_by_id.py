"""Keeps reads by id linear before statistics know a type: only queries that name it use the index.

Without statistics the planner takes one row for granted, of a whole type as of one id, and it read
all of the type by this index to find the id.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX record.resource_updated")
    op.execute("""
        CREATE INDEX resource_updated ON record.resource (tenant, type, updated, pk)
        WHERE pk > 0""")
