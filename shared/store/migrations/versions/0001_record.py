"""The record, the private schemas, and who may write what."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import context, op
from sqlalchemy import bindparam, text

from shared.store import policies

if TYPE_CHECKING:
    from collections.abc import Iterable

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_HERE = Path(__file__).parent
_FIRST_TENANT = 1


def upgrade() -> None:
    ownership = context.config.attributes["ownership"]
    _execute((_HERE / "0001_record.sql").read_text().split(";\n"))
    private = (_HERE / "0001_private.sql").read_text()
    for schema in ownership:
        _execute(private.replace("{schema}", schema).split(";\n"))
    _execute(policies.statements(ownership, context.config.attributes["door_keeper"]))
    site = text("INSERT INTO record.site VALUES (:tenant, :key, 0)").bindparams(
        bindparam("tenant", _FIRST_TENANT), bindparam("key", secrets.token_bytes(32))
    )
    op.execute(site)


def _execute(statements: Iterable[str]) -> None:
    for statement in statements:
        if statement.strip():
            op.execute(statement)
