"""Has what an operation decided written by intake_api, which writes what crosses owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.plan_api.domain.bundle import Seen
from shared.fhir.errors import EditConflict, NotFound, PreconditionFailed
from shared.server.request import FhirResponse
from shared.store.finding import fetch

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.finding import Found
    from shared.store.version import Key


async def written(call: Call, bundle: JsonObject, key: Key) -> FhirResponse:
    """Have a transaction Bundle written, and answer with one of its resources.

    :raises EditConflict: when something is no longer as it was read, to be run again.
    """
    try:
        await call.engine.siblings.ask("intake", bundle, call.context)
    except PreconditionFailed as error:
        raise EditConflict("Another writer changed the plan at the same moment.") from error
    async with call.engine.reading(call.context) as reading:
        found = await fetch(reading, key)
    if found is None:
        raise NotFound("The plan was deleted at the same moment.")
    return answer(found)


def seen(found: Found) -> Seen:
    """Hand what was found to a pure decision."""
    return Seen(found.content, found.number)


def answer(found: Found) -> FhirResponse:
    """Answer with a resource as it stands."""
    return FhirResponse(200, found.version.body, found.version)
