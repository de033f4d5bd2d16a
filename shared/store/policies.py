"""Who may write what, as row-level security policies generated from the ownership table.

Each service's role may read the record and write only versions of its own types; the door's role
may write every type. On the search tables the read policy is open, because with a tenant policy
PostgreSQL cannot use a GIN index; their statements carry the tenant, and the tables of versions
and feed check it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE
from shared.store.roles import DOOR, role_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_TENANT: Final = "tenant = (SELECT current_setting('stepdown.tenant')::int)"
_TYPED: Final = ("resource", "version", "feed")
_SEARCH: Final = ("search_row", "search_string", "search_date")
# A version that claims a type of its writer's must not enter another owner's resource.
_IN_ITS_RESOURCE: Final = (
    "NOT EXISTS (SELECT FROM record.resource r WHERE r.tenant = version.tenant "
    "AND r.pk = version.pk AND r.type <> version.type)"
)
# Rows that carry no type: what they may hold is decided by the rows they go with.
_UNTYPED: Final = ("stream", "site")
_COMMANDS: Final = {
    "resource": "INSERT, UPDATE",
    "version": "INSERT",
    "feed": "INSERT",
    "search_row": "INSERT, UPDATE, DELETE",
    "search_string": "INSERT, DELETE",
    "search_date": "INSERT, DELETE",
    "stream": "INSERT, UPDATE",
    "audit": "INSERT",
}


def statements(ownership: Mapping[str, tuple[str, ...]], door_keeper: str) -> Iterator[str]:
    """Yield the statements that enforce the ownership on a record that has no policy yet.

    `ownership` maps a service to its types; the door keeper is the one service that may act
    through the door's role, and the one that reads the audit.
    """
    yield "REVOKE ALL ON SCHEMA record FROM PUBLIC"
    for table in (*_TYPED, *_SEARCH, *_UNTYPED, "audit"):
        yield f"ALTER TABLE record.{table} ENABLE ROW LEVEL SECURITY"
    for service, types in ownership.items():
        yield from _record_rights(role_of(service), _of_types(types), service)
        yield from _private_rights(service)
    yield from _record_rights(DOOR, "true", door_keeper)
    yield from _door_rights(role_of(door_keeper))


def statements_of_search_table(
    table: str, ownership: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """Yield the same for a further table of search rows, which are inserted and deleted."""
    yield f"ALTER TABLE record.{table} ENABLE ROW LEVEL SECURITY"
    roles = [(role_of(service), _of_types(types)) for service, types in ownership.items()]
    for role, own in [*roles, (DOOR, "true")]:
        yield f"GRANT SELECT, INSERT, DELETE ON record.{table} TO {role}"
        yield f"CREATE POLICY {role}_read ON record.{table} FOR SELECT TO {role} USING (true)"
        for command in ("INSERT", "DELETE"):
            yield _policy(role, table, command, f"{_TENANT} AND {own}")


def statements_of_reindexing(ownership: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the same for what tells how rows are indexed: its progress is each owner's own.

    Any service may register a parameter, and begin a generation through its function.
    """
    yield "REVOKE ALL ON FUNCTION record.begin_generation FROM PUBLIC"
    for table in ("reindex", "search_parameter"):
        yield f"ALTER TABLE record.{table} ENABLE ROW LEVEL SECURITY"
    roles = [(role_of(service), _of_types(types)) for service, types in ownership.items()]
    for role, own in [*roles, (DOOR, "true")]:
        yield f"GRANT EXECUTE ON FUNCTION record.begin_generation TO {role}"
        yield f"GRANT SELECT, UPDATE ON record.reindex TO {role}"
        yield f"GRANT SELECT, INSERT, UPDATE ON record.search_parameter TO {role}"
        for table in ("reindex", "search_parameter"):
            read = f"FOR SELECT TO {role} USING ({_TENANT})"
            yield f"CREATE POLICY {role}_read ON record.{table} {read}"
        yield _policy(role, "reindex", "UPDATE", f"{_TENANT} AND {own}")
        for command in ("INSERT", "UPDATE"):
            yield _policy(role, "search_parameter", command, _TENANT)


def statements_of_linking(ownership: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield what lets each owner of a resource tell the search rows of all who refer to it."""
    yield "REVOKE ALL ON FUNCTION record.link_referrers FROM PUBLIC"
    for role in (*map(role_of, ownership), DOOR):
        yield f"GRANT EXECUTE ON FUNCTION record.link_referrers TO {role}"


def _of_types(types: tuple[str, ...]) -> str:
    codes = ",".join(str(TYPE_CODE[name]) for name in types)
    return f"type = ANY('{{{codes}}}'::smallint[])"


def _record_rights(role: str, own: str, service: str) -> Iterator[str]:
    yield f"GRANT USAGE ON SCHEMA record TO {role}"
    yield f"GRANT USAGE ON SEQUENCE record.pk TO {role}"
    for table in (*_TYPED, *_SEARCH, *_UNTYPED):
        yield f"GRANT SELECT ON record.{table} TO {role}"
        seen = "true" if table in _SEARCH else _TENANT
        yield f"CREATE POLICY {role}_read ON record.{table} FOR SELECT TO {role} USING ({seen})"
    for table, commands in _COMMANDS.items():
        yield f"GRANT {commands} ON record.{table} TO {role}"
        rule = f"{_TENANT} AND {own}" if table in (*_TYPED, *_SEARCH) else _TENANT
        if table == "audit":
            # Nobody writes an access in another one's name.
            rule += f" AND service = '{service}'"
        if table == "version":
            rule += f" AND {_IN_ITS_RESOURCE}"
        for command in commands.split(", "):
            yield _policy(role, table, command, rule)
    yield f"GRANT UPDATE (clock_offset_us) ON record.site TO {role}"
    yield _policy(role, "site", "UPDATE", _TENANT)


def _policy(role: str, table: str, command: str, rule: str) -> str:
    using = "" if command == "INSERT" else f" USING ({rule})"
    check = "" if command == "DELETE" else f" WITH CHECK ({rule})"
    name = f"{role}_{command.lower()}"
    return f"CREATE POLICY {name} ON record.{table} FOR {command} TO {role}{using}{check}"


def _private_rights(service: str) -> Iterator[str]:
    role = role_of(service)
    yield f"REVOKE ALL ON SCHEMA {service} FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA {service} TO {role}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {service} TO {role}"


def _door_rights(keeper: str) -> Iterator[str]:
    yield f"GRANT {DOOR} TO {keeper} WITH INHERIT FALSE, SET TRUE"
    for role in (keeper, DOOR):
        yield f"GRANT SELECT ON record.audit TO {role}"
        yield f"CREATE POLICY {role}_read ON record.audit FOR SELECT TO {role} USING ({_TENANT})"
