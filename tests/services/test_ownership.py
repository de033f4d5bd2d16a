"""One owner for each resource, enforced by PostgreSQL: what each role may write, by raw SQL."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.ownership import DOOR_KEEPER, SERVICES
from services.record import ownership
from shared.fhir.definitions import RESOURCE_TYPES, TYPE_CODE
from shared.store.roles import DOOR, role_url
from tests.record import owner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OTHERS = [service for service in SERVICES if service != DOOR_KEEPER]
WRITABLE = ownership().types

# $1 is the tenant, $2 the type; a number of its own keeps each row apart from all others.
INSERT = {
    "resource": "(tenant, type, id, pk, version, deleted, updated) "
    "VALUES ($1, $2, gen_random_uuid()::text, nextval('record.pk'), 1, false, now())",
    "version": "(tenant, type, id, pk, version, deleted, updated, method, body) "
    "VALUES ($1, $2, 'x', nextval('record.pk'), 1, false, now(), 'PUT', '{}')",
    "feed": "(tenant, type, stream, number, id, version, at) "
    "VALUES ($1, $2, 'Patient/x', 1, 'x', 1, now())",
    "search_row": "(tenant, type, pk, id, d_lo, d_hi, terms) "
    "VALUES ($1, $2, nextval('record.pk'), 'x', 0, 0, '{}')",
    "search_string": "(tenant, type, param, pk, norm, exact, tri) "
    "VALUES ($1, $2, 1, 1, 'x', 'X', '{}')",
    "search_date": "(tenant, type, param, pk, span, lo, hi) VALUES ($1, $2, 1, 1, 0, 0, 1)",
    "search_quantity": "(tenant, type, param, pk, key, element, lo, hi, units) "
    "VALUES ($1, $2, 1, 1, 0, 0, 1, 1, '{}')",
}
NOT_ALLOWED = asyncpg.InsufficientPrivilegeError


@asynccontextmanager
async def acting_as(
    url: str, service: str, *, tenant: int = 1, door: bool = False
) -> AsyncIterator[asyncpg.Connection]:
    """Log in with a service's own role; what is done is rolled back at the end."""
    settings = {"stepdown.tenant": str(tenant)}
    connection = await asyncpg.connect(role_url(url, service), server_settings=settings)
    try:
        if door:
            await connection.execute(f"SET ROLE {DOOR}")
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()
    finally:
        await connection.close()


async def insert(connection: asyncpg.Connection, table: str, name: str, tenant: int = 1) -> None:
    """Insert one row, and go on after a refusal."""
    async with connection.transaction():
        await connection.execute(
            f"INSERT INTO record.{table} {INSERT[table]}", tenant, TYPE_CODE[name]
        )


@pytest.fixture(scope="module")
async def filled_url(database_url: str) -> str:
    """Give a record that has a row of every type in every table."""
    async with owner(database_url) as connection:
        for table in INSERT:
            for name in RESOURCE_TYPES:
                await insert(connection, table, name)
    return database_url


@pytest.mark.parametrize("service", SERVICES)
def test_every_type_has_one_writer_but_provenance_which_belongs_to_the_act(service: str) -> None:
    others = [WRITABLE[name] for name in SERVICES if name != service]
    shared = {name for types in others for name in types if name in WRITABLE[service]}

    assert shared == {"Provenance"}
    assert set().union(*WRITABLE.values()) == set(RESOURCE_TYPES)


@pytest.mark.parametrize("table", INSERT)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_inserts_rows_of_its_own_types_and_of_no_other(
    database_url: str, service: str, table: str
) -> None:
    async with acting_as(database_url, service) as connection:
        for name in RESOURCE_TYPES:
            if name in WRITABLE[service]:
                await insert(connection, table, name)
            else:
                with pytest.raises(NOT_ALLOWED) as refused:
                    await insert(connection, table, name)
                assert refused.value.sqlstate == "42501"


async def test_the_door_inserts_rows_of_every_type(database_url: str) -> None:
    async with acting_as(database_url, DOOR_KEEPER, door=True) as connection:
        for table in INSERT:
            for name in RESOURCE_TYPES:
                await insert(connection, table, name)


@pytest.mark.parametrize("service", OTHERS)
async def test_the_door_opens_to_its_keeper_alone(database_url: str, service: str) -> None:
    with pytest.raises(NOT_ALLOWED):
        async with acting_as(database_url, service, door=True):
            pass


async def test_nobody_logs_in_as_the_door(database_url: str) -> None:
    async with owner(database_url) as connection:
        query = "SELECT rolcanlogin OR rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1"
        assert await connection.fetchval(query, DOOR) is False
        for service in SERVICES:
            query = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolinherit"
            query += " FROM pg_roles WHERE rolname = $1"
            assert await connection.fetchval(query, f"stepdown_{service}") is False


@pytest.mark.parametrize("table", ["resource", "search_row"])
@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_changes_rows_of_its_own_types_and_of_no_other(
    filled_url: str, service: str, table: str
) -> None:
    change = f"UPDATE record.{table} SET patient = 7 WHERE type = $1"
    async with acting_as(filled_url, service) as connection:
        for name in RESOURCE_TYPES:
            changed = await connection.execute(change, TYPE_CODE[name])
            assert (changed != "UPDATE 0") == (name in WRITABLE[service]), name


@pytest.mark.parametrize("service", SERVICES)
async def test_a_resource_is_not_handed_to_another_owner(database_url: str, service: str) -> None:
    own = next(name for name in WRITABLE[service] if name != "Provenance")
    foreign = next(name for name in RESOURCE_TYPES if name not in WRITABLE[service])
    change = "UPDATE record.resource SET type = $2 WHERE type = $1"
    async with acting_as(database_url, service) as connection:
        await insert(connection, "resource", own)
        with pytest.raises(NOT_ALLOWED):
            await connection.execute(change, TYPE_CODE[own], TYPE_CODE[foreign])


@pytest.mark.parametrize("service", OTHERS)
async def test_a_version_is_not_slipped_into_a_resource_of_another_owner(
    database_url: str, service: str
) -> None:
    own = next(name for name in WRITABLE[service] if name != "Provenance")
    foreign = next(name for name in RESOURCE_TYPES if name not in WRITABLE[service])
    slip = """
        INSERT INTO record.version (tenant, type, id, pk, version, deleted, updated, method, body)
        SELECT tenant, $1, id, pk, 2, false, now(), 'PUT', '{}' FROM record.resource
        WHERE type = $2 AND version = 1 LIMIT 1"""
    async with acting_as(database_url, DOOR_KEEPER, door=True) as door:
        await insert(door, "resource", foreign)
        await door.execute("COMMIT")
    async with acting_as(database_url, service) as connection:
        await insert(connection, "resource", own)
        slipped = await connection.execute(slip, TYPE_CODE[own], TYPE_CODE[own])
        assert slipped == "INSERT 0 1"
        with pytest.raises(NOT_ALLOWED):
            await connection.execute(slip, TYPE_CODE[own], TYPE_CODE[foreign])


@pytest.mark.parametrize("table", ["search_row", "search_string", "search_date", "search_quantity"])
@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_deletes_search_rows_of_its_own_types_and_of_no_other(
    filled_url: str, service: str, table: str
) -> None:
    async with acting_as(filled_url, service) as connection:
        for name in RESOURCE_TYPES:
            gone = await connection.execute(
                f"DELETE FROM record.{table} WHERE type = $1", TYPE_CODE[name]
            )
            assert (gone != "DELETE 0") == (name in WRITABLE[service]), name


@pytest.mark.parametrize("verb", ["UPDATE record.{} SET tenant = 1", "DELETE FROM record.{}"])
@pytest.mark.parametrize("table", ["version", "feed", "audit"])
@pytest.mark.parametrize("service", [*SERVICES, "door"])
async def test_what_was_written_stays_as_it_is(
    database_url: str, service: str, table: str, verb: str
) -> None:
    is_door = service == "door"
    async with acting_as(
        database_url, DOOR_KEEPER if is_door else service, door=is_door
    ) as connection:
        with pytest.raises(NOT_ALLOWED):
            await connection.execute(verb.format(table))


@pytest.mark.parametrize("service", SERVICES)
async def test_only_the_door_keeper_reads_the_audit_that_all_append_to(
    database_url: str, service: str
) -> None:
    row = "(tenant, recorded, service, interaction, request_id, status) "
    row += "VALUES (1, now(), $1, 'read', 'r', 200)"
    async with acting_as(database_url, service) as connection:
        await connection.execute(f"INSERT INTO record.audit {row}", service)
        if service == DOOR_KEEPER:
            assert await connection.fetchval("SELECT count(*) FROM record.audit") > 0
        else:
            with pytest.raises(NOT_ALLOWED):
                await connection.fetchval("SELECT count(*) FROM record.audit")


async def test_every_table_of_the_record_has_row_level_security(database_url: str) -> None:
    query = """
        SELECT relname, relrowsecurity FROM pg_class
        WHERE relnamespace = 'record'::regnamespace AND relkind IN ('r', 'p')"""
    async with owner(database_url) as connection:
        tables = {row[0]: row[1] for row in await connection.fetch(query)}

    assert tables.keys() >= {*INSERT, "stream", "audit", "site"}
    assert all(tables.values())


@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_sees_and_writes_its_own_tenant_alone(database_url: str, service: str) -> None:
    own = WRITABLE[service][0]
    async with acting_as(database_url, service, tenant=2) as connection:
        for table in INSERT:
            await insert(connection, table, own, tenant=2)
            with pytest.raises(NOT_ALLOWED):
                await insert(connection, table, own, tenant=1)
        await connection.execute("INSERT INTO record.stream VALUES (2, $1, 1)", service)
        await connection.execute("COMMIT")
    tables = ("resource", "version", "feed", "stream")
    for tenant, sees in ((2, True), (1, False)):
        async with acting_as(database_url, service, tenant=tenant) as connection:
            for table in tables:
                query = f"SELECT count(*) > 0 FROM record.{table} WHERE tenant = 2"
                assert await connection.fetchval(query) is sees, (table, tenant)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_makes_no_tables_and_takes_none_away(database_url: str, service: str) -> None:
    for statement in (
        "CREATE TABLE record.mine ()",
        "CREATE TABLE public.mine ()",
        "CREATE SCHEMA mine",
        "TRUNCATE record.search_row",
        "DROP TABLE record.version",
        "ALTER TABLE record.version DISABLE ROW LEVEL SECURITY",
    ):
        async with acting_as(database_url, service) as connection:
            with pytest.raises(NOT_ALLOWED):
                await connection.execute(statement)
