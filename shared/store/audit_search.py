"""Compiles a search of the audit to SQL: a page of its rows, how many match, or one row.

The condition that leaves the fewest rows leads: each of its keys is followed through its index in
the order of the page, and no further than the page needs. What the caller may see is a condition
like the others, inside the same statement.

In another order than that of time all matches are sorted, of which `audit_size_statement` tells
before whether they are few enough.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from shared.fhir.dates import instant
from shared.fhir.dates import moment as to_datetime
from shared.store.audit import Audited, AuditRow
from shared.store.audit_conditions import at_ids, conditions, visible
from shared.store.audit_ids import audit_id, position_of
from shared.store.audit_order import MOST_SORTED, audit_order, is_by_time, is_newest_first
from shared.store.page_key import PageKey
from shared.store.search.arguments import TENANT, Arguments, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg

    from shared.access.access import Access
    from shared.fhir.search.query import Query
    from shared.store.audit_keys import Condition
    from shared.store.search.arguments import Bound

_ROW: Final = (
    "a.position, p.id, a.recorded, a.service, a.caller, a.interaction, a.type, a.id, a.version, "
    "a.request_id, a.status, a.query"
)
# How many of these are the row's own.
_COLUMNS: Final = 10
_PATIENT: Final = f"LEFT JOIN record.resource p ON p.tenant = {TENANT} AND p.pk = a.patient"


def audit_page_statement(
    query: Query, access: Access, page_key: PageKey | None, *, secret: bytes
) -> Statement:
    """Compile a page, the newest rows first if nothing else is asked, and one row more.

    With a key that goes backward the page ends before it, and the row more is the first.
    """
    bound = _Arguments(access.tenant, secret)
    found = conditions(query, access, bound, secret)
    if not is_by_time(query):
        return _sorted(query, _walks(found, ""), page_key, bound)
    newest_first = is_newest_first(query)
    descends = newest_first != (page_key is not None and page_key.backward)
    first = _first(query.count + 1, descends=descends)
    beyond = _beyond(page_key, bound, secret, descends=descends)
    walks = _walks(found, f"{beyond} {first}")
    return bound.statement(
        f"WITH page AS MATERIALIZED (SELECT recorded, position FROM ({walks}) w {first}) "
        f"SELECT {_ROW} FROM page JOIN record.audit a "
        f"ON a.tenant = {TENANT} AND a.position = page.position {_PATIENT} "
        f"ORDER BY {_order('a.', descends=newest_first)}"
    )


def audit_size_statement(query: Query, access: Access, *, secret: bytes) -> Statement:
    """Compile how many match, up to one more than may be sorted."""
    bound = Arguments(access.tenant, "AuditEvent")
    first = _first(MOST_SORTED + 1, descends=True)
    walks = _walks(conditions(query, access, bound, secret), first)
    return bound.statement(f"SELECT count(*) FROM (SELECT FROM ({walks}) w {first}) z")


def audit_count_statement(query: Query, access: Access, *, secret: bytes) -> Statement:
    """Compile the number of matches."""
    bound = Arguments(access.tenant, "AuditEvent")
    walks = _walks(conditions(query, access, bound, secret), "")
    return bound.statement(f"SELECT count(*) FROM ({walks}) w")


def audit_row_statement(logical_id: str, access: Access, *, secret: bytes) -> Statement:
    """Compile the one row of an id."""
    bound = Arguments(access.tenant, "AuditEvent")
    found = [at_ids([logical_id], bound, secret), *visible(access, bound)]
    return bound.statement(
        f"SELECT {_ROW} FROM record.audit a {_PATIENT} WHERE a.tenant = {TENANT} AND {_all(found)}"
    )


def audited(record: asyncpg.Record, secret: bytes) -> Audited:
    """Make the row of what a statement selects."""
    position, patient, *columns = record
    row, keys = AuditRow(*columns[:_COLUMNS]), tuple(columns[_COLUMNS:])
    return Audited(position, audit_id(position, secret), patient, row, keys)


def audit_place(found: Audited) -> PageKey:
    """Make the key of the page that follows a row."""
    values = found.keys or (found.row.recorded,)
    told = (instant(each) if isinstance(each, datetime) else each for each in values)
    return PageKey(tuple(told), found.id, "AuditEvent")


class _Arguments(Arguments):
    """The values of a search whose pages begin beside rows of the audit."""

    def __init__(self, tenant: int, secret: bytes) -> None:
        super().__init__(tenant, "AuditEvent")
        self._secret = secret

    def bind_pk(self, place: PageKey) -> str:
        """Bind the position of the row beside a page."""
        return self.bind(position_of(place.id, self._secret), "bigint")


def _sorted(query: Query, walks: str, page_key: PageKey | None, args: _Arguments) -> Statement:
    """Compile a page of all matches, in the order of what their AuditEvents tell."""
    order = audit_order(query, args, backward=page_key is not None and page_key.backward)
    beyond = order.beyond(page_key, args) if page_key else "true"
    return args.statement(
        f"WITH found AS MATERIALIZED (SELECT w.position FROM ({walks}) w), "
        f"sorted AS MATERIALIZED (SELECT a.position AS pk{order.columns} FROM found f "
        f"CROSS JOIN LATERAL (SELECT a.* FROM record.audit a WHERE a.tenant = {TENANT} "
        f"AND a.position = f.position OFFSET 0) a {_PATIENT}), "
        "page AS MATERIALIZED "
        f"(SELECT *, row_number() OVER (ORDER BY {order.forward.by_name()}) AS place "
        f"FROM sorted WHERE {beyond} "
        f"ORDER BY {order.by_name()} LIMIT {query.count + 1:d}) "
        f"SELECT {_ROW}{order.names} FROM page "
        f"CROSS JOIN LATERAL (SELECT a.* FROM record.audit a WHERE a.tenant = {TENANT} "
        f"AND a.position = page.pk OFFSET 0) a {_PATIENT} ORDER BY page.place"
    )


def _walks(found: Sequence[Condition], tail: str) -> str:
    leading = next((each for each in found if each.alternatives), None)
    where = f"a.tenant = {TENANT} AND {_all(each for each in found if each is not leading)}"
    rows = "SELECT a.recorded, a.position FROM record.audit a WHERE"
    if leading is None:
        return f"({rows} {where} {tail})"
    # A row that two alternatives lead to is found once.
    return " UNION ".join(
        f"(SELECT m.* FROM {keys.relation}, LATERAL ({rows} {where} AND {keys.join} {tail}) m)"
        for keys in leading.alternatives
    )


def _all(found: Iterable[Condition]) -> str:
    return " AND ".join(each.test for each in found) or "true"


def _beyond(place: PageKey | None, bound: Bound, secret: bytes, *, descends: bool) -> str:
    if place is None:
        return ""
    (recorded,) = place.values
    at = bound.bind(to_datetime(int(recorded or 0)), "timestamptz")
    sign = "<" if descends else ">"
    position = bound.bind(position_of(place.id, secret), "bigint")
    return f"AND (a.recorded, a.position) {sign} ({at}, {position})"


def _first(limit: int, *, descends: bool) -> str:
    return f"ORDER BY {_order('', descends=descends)} LIMIT {limit:d}"


def _order(row: str, *, descends: bool) -> str:
    down = "DESC" if descends else "ASC"
    return f"{row}recorded {down}, {row}position {down}"
