"""Compiles a search of the audit to SQL: a page of its rows, how many match, or one row.

The condition that leaves the fewest rows leads: each of its keys is followed through its index in
the order of the page, and no further than the page needs, or than may be. What the caller may see
is a condition like the others, inside the same statement.

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
from shared.store.audit_walks import Walk, all_of, by_time
from shared.store.page_key import PageKey
from shared.store.search.arguments import TENANT, Arguments, Statement

if TYPE_CHECKING:
    import asyncpg

    from shared.access.access import Access
    from shared.fhir.search.query import Query
    from shared.store.audit_keys import Condition
    from shared.store.narrowing import Use

_ROW: Final = (
    "a.position, p.id, a.recorded, a.service, a.caller, a.interaction, a.type, a.id, a.version, "
    "a.request_id, a.status, a.query"
)
# How many of these are the row's own.
_COLUMNS: Final = 10
_PATIENT: Final = f"LEFT JOIN record.resource p ON p.tenant = {TENANT} AND p.pk = a.patient"


def audit_page_statement(
    query: Query,
    access: Access,
    page_key: PageKey | None,
    *,
    secret: bytes,
    beside: Use | None = None,
) -> Statement:
    """Compile a page, the newest rows first if nothing else is asked, and one row more.

    With a key that goes backward the page ends before it, and the row more is the first. With
    `beside` it is found in that use, and not far.
    """
    args = _Arguments(access.tenant, secret)
    found = conditions(query.criteria, access, args, secret, beside or "audit")
    if not is_by_time(query):
        return _sorted(query, Walk(found).rows(), page_key, args)
    walk = _walk(query, found, page_key, args, is_short=beside is not None)
    limit = query.count + 1
    first = f"ORDER BY {by_time('', descends=walk.descends)} LIMIT {limit:d}"
    return args.statement(
        f"WITH page AS MATERIALIZED (SELECT recorded, position FROM ({walk.rows(limit)}) w {first})"
        f" SELECT {_ROW} FROM page JOIN record.audit a "
        f"ON a.tenant = {TENANT} AND a.position = page.position {_PATIENT} "
        f"ORDER BY {by_time('a.', descends=is_newest_first(query))}"
    )


def audit_cut_statement(
    query: Query,
    access: Access,
    page_key: PageKey | None = None,
    *,
    secret: bytes,
    beside: Use | None = None,
    last: Audited | None = None,
) -> Statement | None:
    """Compile whether a search ends before all matches are found; None where it never does.

    With `last`, the row farthest on its way: whether before all are found that come before that.
    """
    args = _Arguments(access.tenant, secret)
    found = conditions(query.criteria, access, args, secret, beside or "audit")
    walk = _walk(query, found, page_key, args, is_short=beside is not None)
    if not walk.is_cut_off or (last is not None and walk.is_in_order):
        return None
    until = "" if last is None else f"WHERE {_is_before(last, args, descends=walk.descends)}"
    return args.statement(f"SELECT {walk.is_cut(until)}")


def audit_size_statement(query: Query, access: Access, *, secret: bytes) -> Statement:
    """Compile how many match, up to one more than may be sorted."""
    args = Arguments(access.tenant, "AuditEvent")
    found = conditions(query.criteria, access, args, secret)
    limit = MOST_SORTED + 1
    return args.statement(
        f"SELECT count(*) FROM (SELECT FROM ({Walk(found).rows(limit)}) w LIMIT {limit:d}) z"
    )


def audit_count_statement(query: Query, access: Access, *, secret: bytes) -> Statement:
    """Compile the number of matches."""
    args = Arguments(access.tenant, "AuditEvent")
    found = conditions(query.criteria, access, args, secret)
    return args.statement(f"SELECT count(*) FROM ({Walk(found).rows()}) w")


def audit_row_statement(logical_id: str, access: Access, *, secret: bytes) -> Statement:
    """Compile the one row of an id."""
    bound = Arguments(access.tenant, "AuditEvent")
    found = [at_ids([logical_id], bound, secret), *visible(access, bound)]
    return bound.statement(
        f"SELECT {_ROW} FROM record.audit a {_PATIENT} "
        f"WHERE a.tenant = {TENANT} AND {all_of(found)}"
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


def _walk(
    query: Query, found: list[Condition], place: PageKey | None, args: _Arguments, *, is_short: bool
) -> Walk:
    """Make the way to a page: in its order, or from its end where it goes backward."""
    if not is_by_time(query):
        return Walk(found, is_short=is_short)
    descends = is_newest_first(query) != (place is not None and place.backward)
    return Walk(found, _beyond(place, args, descends=descends), descends, is_short)


def _is_before(last: Audited, args: _Arguments, *, descends: bool) -> str:
    at = args.bind(last.row.recorded, "timestamptz")
    sign = ">" if descends else "<"
    return f"(m.recorded, m.position) {sign} ({at}, {args.bind(last.position, 'bigint')})"


def _beyond(place: PageKey | None, args: _Arguments, *, descends: bool) -> str:
    if place is None:
        return ""
    (recorded,) = place.values
    at = args.bind(to_datetime(int(recorded or 0)), "timestamptz")
    sign = "<" if descends else ">"
    return f"AND (a.recorded, a.position) {sign} ({at}, {args.bind_pk(place)})"
