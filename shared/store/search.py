"""Compiles a search to SQL: a page of it, how many match, or the few that a condition may match.

A page in an order that an index has is sought twice in one statement: `walked` takes the first
rows of that order and keeps those that match, which is enough where matches are common; otherwise
`matches` finds all of them by their terms or values, and sorts. So neither a rare nor a common
criterion walks the record, and the planner is never left to guess which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.dates import instant
from shared.fhir.search.parameters import COLUMNS
from shared.store.page_key import PageKey
from shared.store.search_arguments import TENANT, TYPE, Arguments, Statement
from shared.store.search_conditions import Condition, conditions
from shared.store.search_order import Order, order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.access.access import Access
    from shared.fhir.search.query import Query

# How many rows of the order are looked at before the matches are sought by their terms.
_BUDGET: Final = 1000
_FIRST_SORT_VALUE: Final = 6

_ROWS: Final = "record.search_row r"
_ROWS_OF_RESOURCES: Final = (
    "(SELECT s.tenant, s.type, s.pk, s.patient, s.d_lo, s.d_hi, s.terms, c.id, c.updated "
    "FROM record.search_row s JOIN record.resource c "
    "ON c.tenant = s.tenant AND c.type = s.type AND c.pk = s.pk) r"
)


def page_statement(query: Query, access: Access, page_key: PageKey | None) -> Statement:
    """Compile a page: its rows in order, and one row more where another page follows.

    A row is (pk, id, type, version, updated, body, sort values …). With a key that goes backward
    the page ends before it, and the row more is the first.
    """
    args = Arguments(access.tenant, query.type)
    found = conditions(query, access, args)
    arranged = order(query, backward=page_key is not None and page_key.backward)
    page = _Page(_rows(query), found, arranged, page_key, query.count + 1)
    return args.statement(
        f"WITH {page.compile(args)} "
        f"SELECT p.pk, v.id, v.type, v.version, v.updated, v.body{arranged.names} "
        f"FROM page p JOIN record.resource c ON c.tenant = {TENANT} AND c.pk = p.pk "
        f"JOIN record.version v ON v.tenant = {TENANT} AND v.pk = p.pk AND v.version = c.version "
        f"ORDER BY {arranged.forward.by_name()}"
    )


def count_statement(query: Query, access: Access) -> Statement:
    """Compile the number of matches."""
    args = Arguments(access.tenant, query.type)
    found = conditions(query, access, args)
    return args.statement(f"SELECT count(*) FROM {_rows(query)} WHERE {_driven(found)}")


def matching_statement(query: Query, access: Access, limit: int = 2) -> Statement:
    """Compile the id and version of a few matches, as a conditional interaction needs them."""
    args = Arguments(access.tenant, query.type)
    found = conditions(query, access, args)
    return args.statement(
        f"WITH matches AS MATERIALIZED (SELECT r.pk FROM {_rows(query)} WHERE {_driven(found)}) "
        f"SELECT c.id, c.version FROM matches m JOIN record.resource c "
        f"ON c.tenant = {TENANT} AND c.pk = m.pk ORDER BY c.pk LIMIT {limit:d}"
    )


def position(row: Sequence[Any], *, backward: bool = False) -> PageKey:
    """Make the key of the page that follows a row, or of the one that precedes it."""
    values = (
        instant(value) if isinstance(value, datetime) else value
        for value in tuple(row)[_FIRST_SORT_VALUE:]
    )
    return PageKey(tuple(values), row[0], backward)


@dataclass(frozen=True, slots=True)
class _Page:
    rows: str
    conditions: list[Condition]
    order: Order
    key: PageKey | None
    limit: int

    def compile(self, args: Arguments) -> str:
        """Write the common table expressions, of which the last is `page`."""
        found = [each for each in self.conditions if each.index]
        columns = f"r.pk{self.order.columns}"
        probes = _all(each.probe for each in self.conditions)
        if self.order.is_indexed and not found:
            return f"page AS MATERIALIZED ({self._walk(columns, probes, self.limit, args)})"
        matches = f"matches AS MATERIALIZED (SELECT {columns} FROM {self.rows} WHERE {{}})"
        driven = _driven(self.conditions)
        if not self.order.is_indexed or any(each.is_selective for each in found):
            return f"{matches.format(driven)}, page AS ({self._first('matches', args)})"
        looked_at = self._walk("r.*", "true", max(_BUDGET, 10 * self.limit), args)
        walked = (
            f"walked AS MATERIALIZED (SELECT {columns} FROM ({looked_at}) r WHERE {probes} "
            f"ORDER BY {self.order.by_column()} LIMIT {self.limit:d})"
        )
        is_full = f"(SELECT count(*) FROM walked) >= {self.limit:d}"
        either = f"(SELECT * FROM walked WHERE {is_full} UNION ALL SELECT * FROM matches) z"
        matches = matches.format(f"{driven} AND NOT {is_full}")
        return f"{walked}, {matches}, page AS ({self._first(either, args)})"

    def _walk(self, columns: str, where: str, limit: int, args: Arguments) -> str:
        beyond = f" AND {self.order.beyond_by_column(self.key, args)}" if self.key else ""
        return (
            f"SELECT {columns} FROM {self.rows} WHERE {_OF_TYPE} AND {where}{beyond} "
            f"ORDER BY {self.order.by_column()} LIMIT {limit:d}"
        )

    def _first(self, matches: str, args: Arguments) -> str:
        beyond = self.order.beyond(self.key, args) if self.key else "true"
        return (
            f"SELECT * FROM {matches} WHERE {beyond} "
            f"ORDER BY {self.order.by_name()} LIMIT {self.limit:d}"
        )


_OF_TYPE: Final = f"r.tenant = {TENANT} AND r.type = {TYPE}"
# With `+ 0` PostgreSQL does not read the keys of a whole type to intersect them with the terms.
_OF_TYPE_BY_TERMS: Final = f"r.tenant = {TENANT} AND r.type + 0 = {TYPE}"


def _rows(query: Query) -> str:
    asked = {each.parameter.code for each in (*query.criteria, *query.sort)}
    return _ROWS_OF_RESOURCES if asked & COLUMNS else _ROWS


def _driven(found: list[Condition]) -> str:
    by_terms = {each.index for each in found} - {None} == {"terms"}
    return f"{_OF_TYPE_BY_TERMS if by_terms else _OF_TYPE} AND {_all(c.drive for c in found)}"


def _all(parts: Iterable[str]) -> str:
    return " AND ".join(parts) or "true"
