"""Of whom a version was: a resource that is moved to another person takes no history along."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE record.version ADD COLUMN patient BIGINT")
    # Of older versions nobody knows any more; who is limited to patients does not see them.
    op.execute("""
        UPDATE record.version v SET patient = r.patient FROM record.resource r
        WHERE (r.tenant, r.pk, r.version) = (v.tenant, v.pk, v.version)""")
