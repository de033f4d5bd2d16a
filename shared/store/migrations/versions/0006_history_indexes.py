"""The orders in which histories are read: of a type, and of a type for each patient.

As with resource_updated, only queries that name an index's condition use it.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX version_updated ON record.version (tenant, type, updated, pk, version)
        WHERE pk > 0""")
    op.execute("""
        CREATE INDEX version_patient
        ON record.version (tenant, patient, type, updated, pk, version)
        WHERE pk > 0 AND patient IS NOT NULL""")
