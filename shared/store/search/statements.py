"""Compiles a search to SQL: a page of it, how many match, or the few that a condition may match.

What the caller may see is a condition like the others, inside the same statement.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.dates import instant
from shared.fhir.definitions import TYPE_CODE, TYPE_NAME
from shared.store.narrowing import narrowed, patient_keys
from shared.store.page_key import PageKey
from shared.store.search.arguments import TENANT, Arguments, Bound, Statement
from shared.store.search.conditions import conditions
from shared.store.search.driving import driven
from shared.store.search.order import order
from shared.store.search.page import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.access.access import Access
    from shared.fhir.search.query import Query
    from shared.store.search.order import Order

_FIRST_SORT_VALUE: Final = 6


def page_statement(query: Query, access: Access, page_key: PageKey | None) -> Statement:
    """Compile a page: its rows in order, and one row more where another page follows.

    A row is (pk, id, type, version, updated, body, sort values …). With a key that goes backward
    the page ends before it, and the row more is the first.
    """
    arguments = Arguments(access.tenant, query.of_each_type[0].type)
    backward = page_key is not None and page_key.backward
    pages: list[str] = []
    for part in query.of_each_type:
        arranged = order(part, backward=backward, is_joined=bool(query.parts))
        found = conditions(part.type, part.criteria, access)
        page = Page(part, found, arranged, page_key, query.count + 1)
        pages.append(page.compile(arguments.of(part.type)))
    found_pages = pages[0] if len(pages) == 1 else _merged(pages, arranged, query.count + 1)
    return arguments.statement(
        f"WITH {found_pages} "
        f"SELECT p.pk, v.id, v.type, v.version, v.updated, v.body{arranged.shown} "
        f"FROM page p JOIN record.resource c ON c.tenant = {TENANT} AND c.pk = p.pk "
        f"JOIN record.version v ON v.tenant = {TENANT} AND v.pk = p.pk AND v.version = c.version "
        f"ORDER BY {arranged.forward.by_name()}"
    )


def _merged(pages: Sequence[str], arranged: Order, limit: int) -> str:
    """Join the pages of several types, whose sort keys are the same, to one."""
    each = (
        f"page_{place} AS MATERIALIZED (WITH {page} SELECT z.pk{arranged.names} FROM page z)"
        for place, page in enumerate(pages)
    )
    every = " UNION ALL ".join(f"SELECT * FROM page_{place}" for place in range(len(pages)))
    first = f"SELECT * FROM ({every}) z ORDER BY {arranged.by_name()} LIMIT {limit:d}"
    return f"{', '.join(each)}, page AS ({first})"


def present_types_statement(access: Access) -> Statement:
    """Compile of which types the record holds something to see, by a step of the index for each."""
    bound = Bound((access.tenant,))
    narrowing = narrowed("types", access)
    seen = "true"
    if narrowing.types is not None:
        codes = sorted(TYPE_CODE[name] for name in narrowing.types)
        seen += f" AND p.type = ANY({bound.bind(codes, 'smallint[]')})"
    if narrowing.patients is not None:
        patients = patient_keys(bound.bind(list(narrowing.patients), "text[]"))
        seen += (
            f" AND EXISTS (SELECT FROM record.search_row r WHERE r.tenant = {TENANT} "
            f"AND r.patient = ANY(ARRAY({patients})) AND r.type = p.type OFFSET 0)"
        )
    return bound.statement(
        "WITH RECURSIVE present AS (SELECT min(r.type) AS type FROM record.search_row r "
        f"WHERE r.tenant = {TENANT} UNION ALL SELECT (SELECT r.type FROM record.search_row r "
        f"WHERE r.tenant = {TENANT} AND r.type > p.type ORDER BY r.type LIMIT 1) "
        "FROM present p WHERE p.type IS NOT NULL) SELECT p.type FROM present p "
        f"WHERE p.type IS NOT NULL AND {seen}"
    )


def count_statement(query: Query, access: Access) -> Statement:
    """Compile the number of matches."""
    args = Arguments(access.tenant, query.of_each_type[0].type)
    counts = [
        f"(SELECT count(*) {driven(found, args.of(part.type))})"
        for part in query.of_each_type
        for found in [conditions(part.type, part.criteria, access, "total")]
    ]
    return args.statement(f"SELECT {' + '.join(counts)}")


def matching_statement(query: Query, access: Access, limit: int = 2) -> Statement:
    """Compile the id and version of a few matches, as a conditional interaction needs them."""
    args = Arguments(access.tenant, query.type)
    found = driven(conditions(query.type, query.criteria, access, "matching"), args)
    return args.statement(
        f"WITH matches AS MATERIALIZED (SELECT r.pk {found}) "
        f"SELECT c.id, c.version FROM matches m JOIN record.resource c "
        f"ON c.tenant = {TENANT} AND c.pk = m.pk ORDER BY c.pk LIMIT {limit:d}"
    )


def position(row: Sequence[Any], *, backward: bool = False) -> PageKey:
    """Make the key of the page that follows a row, or of the one that precedes it."""
    values = (
        instant(value) if isinstance(value, datetime) else value
        for value in tuple(row)[_FIRST_SORT_VALUE:]
    )
    return PageKey(tuple(values), row[1], TYPE_NAME[row[2]], backward)
