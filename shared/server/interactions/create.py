"""FHIR create interaction, conditional create too.

https://hl7.org/fhir/R4/http.html#create
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.server.bodies import resource_of
from shared.server.criteria import condition, criteria, one_match
from shared.server.ids import new_id
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def create(tx: Transaction, request: FhirRequest, context: Context) -> FhirResponse:
    """Make a resource under a new id; with If-None-Exist only where no match exists.

    :raises PreconditionFailed: when several resources match If-None-Exist.
    """
    resource = resource_of(request)
    asked = request.headers.get("if-none-exist")
    if asked is not None:
        query = criteria(request.type or "", asked, context)
        # Nobody else can create a match until the commit.
        await tx.hold_conditions([condition(query)])
        found = await one_match(tx, query)
        if found is not None:
            return FhirResponse(200, found.body, found, location(found, context))
    key = Key(request.type or "", new_id(context.now))
    change = Change(key, "POST", None, resource | {"id": key.id}, context.now, request.raw)
    [version] = await save(tx, [change])
    return FhirResponse(201, version.body, version, location(version, context))


def location(version: Version, context: Context) -> str:
    """Give a version's address below the public base."""
    return f"{context.base}/{version.key}/_history/{version.number}"
