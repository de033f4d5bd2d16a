"""Who was ever said to be replaced by another Patient, for questions about the past."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # 103 is Patient.
    op.execute("""
        CREATE INDEX version_replaced ON record.version (tenant, updated)
        WHERE type = 103 AND body LIKE '%"replaced-by"%'""")
