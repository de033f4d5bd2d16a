"""FHIR conditional update: PUT with criteria in place of an id.

https://hl7.org/fhir/R4/http.html#cond-update
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import Conflict, Malformed
from shared.server.bodies import identified_as, resource_of
from shared.server.ids import is_logical_id, new_id
from shared.server.interactions.update import replacement
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.server.decision import Decision
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def conditional_update(
    tx: Transaction, request: FhirRequest, context: Context, match: Version | None
) -> Decision:
    """Replace the match, or create a resource where there is none: under its own id, if it has one.

    :raises Malformed: when the body has another id than the match.
    :raises Conflict: when nothing matches, and the body's id is another resource's.
    """
    resource = resource_of(request)
    if match is not None:
        if "id" in resource:
            identified_as(resource, match.key.id)
        return replacement(request, context, match.key, match)
    if "id" not in resource:
        return replacement(request, context, Key(request.type or "", new_id(context.now)), None)
    key = Key(request.type or "", _own_id(resource["id"], request.type))
    current = await tx.read(key)
    if current is not None and not current.deleted:
        raise Conflict("Nothing matches the criteria, and the body's id is taken.")
    return replacement(request, context, key, current)


def _own_id(given: object, resource_type: str | None) -> str:
    if not is_logical_id(given):
        raise Malformed("The body's id is not valid.", expression=f"{resource_type}.id")
    return given
