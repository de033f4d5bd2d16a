"""`_explain=true`: tells the operator how a search is answered, its SQL and its plans.

A parameter of ours. The values that the SQL is run with may be about a person: they go into the
answer and nowhere else.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from shared.fhir.definitions import TYPE_NAME
from shared.fhir.search.parameters import is_view
from shared.fhir.writer import write
from shared.server.operator import refuse_all_but_operator
from shared.server.request import FhirResponse
from shared.store.audit_search import audit_count_statement, audit_page_statement
from shared.store.page_key import verify
from shared.store.search import Shown, count_statement, included_statement, page_statement
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.query import Query
    from shared.server.request import Context
    from shared.store.page_key import PageKey
    from shared.store.reading import Reading
    from shared.store.search.arguments import Statement

_MOST_INCLUDED = 1000


async def explanation(reading: Reading, query: Query, context: Context) -> FhirResponse:
    """Tell the statements that answer a search, each with its values and its plan.

    :raises Forbidden: to all but the operator.
    """
    refuse_all_but_operator(context)
    told = [
        _told(name, statement, await reading.plan(statement))
        async for name, statement in _statements(reading, query)
    ]
    return FhirResponse(200, write({"resourceType": "Parameters", "parameter": told}))


async def _statements(reading: Reading, query: Query) -> AsyncIterator[tuple[str, Statement]]:
    access = reading.access
    key = None
    if query.page is not None:
        key = verify(query.page, query, access.tenant, reading.paging_key)
    count, page = count_statement, page_statement
    if is_view(query.type):
        count = partial(audit_count_statement, secret=reading.paging_key)
        page = partial(audit_page_statement, secret=reading.paging_key)
    if query.total != "none":
        yield "count", count(query, access)
    if query.count:
        yield "page", page(query, access, key)
        included = await _included(reading, query, key) if query.includes else None
        if included is not None:
            yield "included", included


async def _included(reading: Reading, query: Query, key: PageKey | None) -> Statement | None:
    """Compile what is included beside the page, which has to be found for that."""
    if is_view(query.type):
        events = await reading.audit_page(query, key)
        shown = [Shown(Key(query.type, each.id), each.position) for each in events]
    else:
        rows = await reading.page(query, key)
        shown = [Shown(Key(TYPE_NAME[row[2]], row[1]), row[0]) for row in rows]
    return included_statement(
        query.includes,
        shown[: query.count],
        {each.pk for each in shown if not is_view(query.type)},
        access=reading.access,
        limit=_MOST_INCLUDED,
    )


def _told(name: str, statement: Statement, plan: str) -> JsonObject:
    values: list[Any] = list(statement.args)
    return {
        "name": "statement",
        "part": [
            {"name": "name", "valueCode": name},
            {"name": "sql", "valueString": statement.sql},
            {"name": "values", "valueString": json.dumps(values, default=str)},
            {"name": "plan", "valueString": plan},
        ],
    }
