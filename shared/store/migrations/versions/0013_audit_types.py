"""The order in which a caller who is limited to types searches the audit."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX audit_type ON record.audit (tenant, type, recorded, position)")
