"""FHIR create interaction, conditional create too.

https://hl7.org/fhir/R4/http.html#create
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from shared.fhir.errors import InvalidSearch, PreconditionFailed
from shared.fhir.search.parse import parse
from shared.server.bodies import resource_of
from shared.server.ids import new_id
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.store.version import Change, Key, Version

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction


async def create(tx: Transaction, request: FhirRequest, context: Context) -> FhirResponse:
    """Make a resource under a new id; with If-None-Exist only where no match exists.

    :raises PreconditionFailed: when several resources match If-None-Exist.
    """
    resource = resource_of(request)
    criteria = request.headers.get("if-none-exist")
    if criteria is not None:
        found = await one_match(tx, request.type or "", criteria, context)
        if found is not None:
            return FhirResponse(200, found.body, found, location(found, context))
    key = Key(request.type or "", new_id(context.now))
    change = Change(key, "POST", None, resource | {"id": key.id}, context.now, request.raw)
    [version] = await save(tx, [change])
    return FhirResponse(201, version.body, version, location(version, context))


async def one_match(
    tx: Transaction, resource_type: str, criteria: str, context: Context
) -> Version | None:
    """Find the one resource that matches, and let nobody create another until the commit.

    :raises InvalidSearch: when the criteria are empty or not valid.
    :raises PreconditionFailed: when several match.
    """
    pairs = parse_qsl(criteria.removeprefix("?"), keep_blank_values=True)
    if not pairs:
        raise InvalidSearch("A conditional interaction needs search criteria.")
    query = parse(resource_type, pairs, zone=context.zone, now=context.now, bases=context.bases)
    if not query.criteria:
        raise InvalidSearch("A conditional interaction needs at least one search parameter.")
    await tx.hold_conditions([f"{resource_type}?{sorted(pairs)}"])
    ids = await tx.matching(query)
    if len(ids) > 1:
        raise PreconditionFailed(f"Several {resource_type} resources match the criteria.")
    return await tx.read(Key(resource_type, ids[0])) if ids else None


def location(version: Version, context: Context) -> str:
    """Give a version's address below the public base."""
    return f"{context.base}/{version.key}/_history/{version.number}"
