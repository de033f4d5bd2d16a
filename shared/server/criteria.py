"""The search criteria of a conditional interaction or reference, and the one match they ask for.

https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import EditConflict, Forbidden, InvalidSearch, PreconditionFailed
from shared.fhir.search.parse import read_query
from shared.fhir.search.query import RESULT
from shared.fhir.search.reading import Reading as Texts
from shared.server.concepts import with_concepts
from shared.server.document_identity import criteria_of_document
from shared.server.query_string import pairs_of
from shared.store.audit_following import with_events
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.search.query import Query
    from shared.server.request import Context, FhirRequest
    from shared.store.reading import Reading
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def criteria_of(reading: Reading, request: FhirRequest, context: Context) -> Query | None:
    """Read the criteria of a conditional write; None where the request is not conditional.

    :raises InvalidSearch: when they are empty or not valid.
    :raises Forbidden: when they could tell the caller of what they may not see.
    """
    resource_type = request.type or ""
    if request.interaction == "create":
        asked = _query_in(request.headers.get("if-none-exist"), resource_type, context)
        if asked is None and reading.access.sees_all(resource_type):
            asked = criteria_of_document(request.resource)
        return None if asked is None else await criteria(reading, resource_type, asked, context)
    if request.id is None:
        return await _query(reading, resource_type, request.query, context)
    return None


def _query_in(told: str | None, resource_type: str, context: Context) -> str | None:
    """Find the criteria where a client writes the whole address of the search, as HAPI's does."""
    if told is None:
        return None
    address, _, query = told.partition("?")
    own = {resource_type, *(f"{base}/{resource_type}" for base in context.bases)}
    return query if address in own else told


async def criteria(reading: Reading, resource_type: str, text: str, context: Context) -> Query:
    """Read criteria, which must narrow the search.

    :raises InvalidSearch: when they are empty or not valid.
    """
    pairs = pairs_of(text.removeprefix("?"))
    return await _query(reading, resource_type, pairs, context)


async def _query(
    reading: Reading, resource_type: str, pairs: Sequence[tuple[str, str]], context: Context
) -> Query:
    if not reading.access.sees_all(resource_type):
        # An answer would say whether anything matches of what may not be seen.
        raise Forbidden(
            f"Criteria in place of an id need a caller who may see every {resource_type}."
        )
    texts = Texts(context.zone, context.bases, context.now, reading.stored)
    query = read_query(resource_type, pairs, texts)
    if not query.criteria:
        raise InvalidSearch("Criteria need at least one search parameter.")
    if query.includes:
        raise InvalidSearch("Criteria find one resource, and include none beside it.")
    return await with_events(reading, await with_concepts(reading, query, context.bases))


def condition(query: Query) -> str:
    """Name a condition, the same for equal criteria in any order."""
    return f"{query.type}?{sorted(pair for pair in query.used if pair[0] not in RESULT)}"


def locks(query: Query) -> list[str]:
    """Name what must be held to act on criteria, so that nobody makes a second match meanwhile.

    Whoever asks by the same identifier waits, however it is written and whatever else is asked.
    """
    found = [
        text.rpartition("|")[2] or text
        for name, values in query.used
        if name == "identifier"
        for text in values.split(",")
    ]
    named = [f"{query.type}?identifier={each}" for each in found]
    return named or [condition(query)]


async def one_match(tx: Transaction, query: Query) -> Version | None:
    """Find the one resource that matches; its condition must be held.

    :raises PreconditionFailed: when several match.
    :raises EditConflict: when the match is deleted or changed at this moment.
    """
    found = await some_matches(tx, query, 2)
    if len(found) > 1:
        raise PreconditionFailed(f"Several {query.type} resources match the criteria.")
    return found[0] if found else None


async def some_matches(tx: Transaction, query: Query, most: int) -> list[Version]:
    """Find up to so many that match; their condition must be held.

    :raises EditConflict: when one is deleted or changed at this moment.
    """
    ids = await tx.matching(query, most)
    if not ids:
        return []
    keys = [Key(query.type, each) for each in ids]
    await tx.expect(keys)
    found = await tx.read_many(query.type, ids)
    if any(key not in found or found[key].deleted for key in keys):
        raise EditConflict("A match was deleted at the same moment.")
    # The version that was read may be a newer one than that which matched.
    if await tx.matching(query, most) != ids:
        raise EditConflict("A match was changed at the same moment.")
    return [found[key] for key in keys]
