"""FHIR create interaction.

https://hl7.org/fhir/R4/http.html#create
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import InvalidSearch
from shared.server.bodies import has_criteria, resource_of
from shared.server.decision import Decision
from shared.server.ids import new_id
from shared.server.interactions.update import refuse_subsetted
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def create(_tx: Transaction, request: FhirRequest, context: Context) -> Decision:
    """Make a resource under a new id."""
    return new_resource(request, context)


def new_resource(request: FhirRequest, context: Context) -> Decision:
    """Give the body of a create a new id, whatever id it carries.

    :raises InvalidSearch: for criteria in the address, which would be passed over.
    :raises RuleViolation: when the body was read in part.
    """
    if has_criteria(request):
        raise InvalidSearch("A create takes its criteria in If-None-Exist, not in the address.")
    resource = resource_of(request)
    refuse_subsetted(resource)
    key = Key(request.type or "", new_id(context.now))
    after = resource | {"id": key.id}
    return Decision(key, Change(key, "POST", None, after, context.now, request.raw))


def location(version: Version, context: Context) -> str:
    """Give a version's address below the public base."""
    return f"{context.base}/{version.key}/_history/{version.number}"
