"""Private state: what is not in FHIR is not shared, and PostgreSQL sees to it."""

from __future__ import annotations

from itertools import permutations, product

import asyncpg
import pytest

from services.ownership import DOOR_KEEPER, SERVICES
from shared.store.roles import DOOR, role_url
from tests.record import owner

TABLES = ("cursor", "inbox", "timer", "outbound")
STATEMENTS = {
    "SELECT": "SELECT count(*) FROM {}",
    "INSERT": "INSERT INTO {} DEFAULT VALUES",
    "UPDATE": "UPDATE {} SET tenant = 1",
    "DELETE": "DELETE FROM {}",
    "TRUNCATE": "TRUNCATE {}",
}


async def test_each_service_has_the_same_private_tables_and_no_more(database_url: str) -> None:
    query = "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'"
    async with owner(database_url) as connection:
        for service in SERVICES:
            found = {row[0] for row in await connection.fetch(query, service)}
            assert found == set(TABLES)


@pytest.mark.parametrize(("service", "other"), [*permutations(SERVICES, 2)])
async def test_a_role_cannot_touch_the_private_state_of_another(
    database_url: str, service: str, other: str
) -> None:
    connection = await asyncpg.connect(role_url(database_url, service))
    try:
        for table, statement in product(TABLES, STATEMENTS.values()):
            with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
                await connection.execute(statement.format(f"{other}.{table}"))
            assert refused.value.sqlstate == "42501"
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_reads_and_writes_its_own_private_state(
    database_url: str, service: str
) -> None:
    connection = await asyncpg.connect(role_url(database_url, service))
    try:
        for table in TABLES:
            assert await connection.fetchval(f"SELECT count(*) FROM {service}.{table}") == 0
        await connection.execute(f"INSERT INTO {service}.cursor VALUES (1, 'mine', 0, 0)")
        await connection.execute(f"UPDATE {service}.cursor SET position = 7")
        assert await connection.fetchval(f"SELECT position FROM {service}.cursor") == 7
        assert await connection.execute(f"DELETE FROM {service}.cursor") == "DELETE 1"
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_door_reads_nobodys_private_state(database_url: str, service: str) -> None:
    connection = await asyncpg.connect(role_url(database_url, DOOR_KEEPER))
    try:
        await connection.execute(f"SET ROLE {DOOR}")
        for table in TABLES:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetchval(f"SELECT count(*) FROM {service}.{table}")
    finally:
        await connection.close()
