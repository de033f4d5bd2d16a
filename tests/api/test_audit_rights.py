"""The audit can be added to and never changed, whichever service's role asks."""

from __future__ import annotations

import asyncpg
import pytest

from shared.store.roles import role_url
from tests.api.auditing import Audit  # noqa: TC001 - a fixture's type

ROW = (
    "INSERT INTO record.audit (tenant, recorded, service, interaction, request_id, status) "
    "VALUES ($1, now(), $2, 'read', 'test', 200)"
)


@pytest.mark.parametrize("role", ["intake", "plan", "progress", "door"])
async def test_a_services_role_may_only_append(database_url: str, audit: Audit, role: str) -> None:
    before = await audit.count()
    service = "intake" if role == "door" else role
    connection = await asyncpg.connect(
        role_url(database_url, service), server_settings={"stepdown.tenant": "1"}
    )
    try:
        if role == "door":
            await connection.execute("SET ROLE stepdown_door")
        for change in (
            "UPDATE record.audit SET caller = 'Practitioner/other'",
            "DELETE FROM record.audit",
            "TRUNCATE record.audit",
            "ALTER TABLE record.audit DISABLE ROW LEVEL SECURITY",
            "DROP TABLE record.audit",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError) as refusal:
                await connection.execute(change)
            assert refusal.value.sqlstate == "42501"
        another = "plan" if service == "intake" else "intake"
        for tenant, name in ((2, service), (1, another)):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(ROW, tenant, name)
        await connection.execute(ROW, 1, service)
    finally:
        await connection.close()
    assert await audit.count() > before


@pytest.mark.parametrize("table", ["version", "feed"])
async def test_a_version_and_its_event_are_never_changed(
    database_url: str, service: str, table: str
) -> None:
    connection = await asyncpg.connect(
        role_url(database_url, service), server_settings={"stepdown.tenant": "1"}
    )
    try:
        for change in (
            f"UPDATE record.{table} SET version = version",
            f"DELETE FROM record.{table}",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)
        assert await connection.fetchval(f"SELECT count(*) FROM record.{table}") >= 0
    finally:
        await connection.close()
