"""The orders in which the audit is searched, so that no search of it walks all of it."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMNS = {
    "recorded": "tenant, recorded, position",
    "patient": "tenant, patient, recorded, position",
    "resource": "tenant, type, id, recorded, position",
    "caller": "tenant, caller, recorded, position",
    "interaction": "tenant, interaction, recorded, position",
    "refused": "tenant, recorded, position) WHERE (status >= 400",
}


def upgrade() -> None:
    op.execute("DROP INDEX record.audit_patient")
    for name, columns in _COLUMNS.items():
        op.execute(f"CREATE INDEX audit_{name} ON record.audit ({columns})")
