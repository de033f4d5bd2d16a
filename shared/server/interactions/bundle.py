"""FHIR batch and transaction: a Bundle posted to the base.

A batch runs here, each entry on its own; a transaction is handed on as one interaction.
https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.fhir.errors import FhirError, Malformed
from shared.fhir.outcome import operation_outcome
from shared.server.entries import check_shape, entry_of
from shared.server.request import FhirResponse
from shared.server.searchset import response_bundle
from shared.store.version import instant

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.engine import Engine
    from shared.server.request import Context, FhirRequest


async def bundle(engine: Engine, request: FhirRequest, context: Context) -> FhirResponse:
    """Run a batch or a transaction.

    :raises Malformed: when the body is no Bundle of these types.
    """
    body = request.resource
    if body is None or body.get("resourceType") != "Bundle":
        raise Malformed("The base takes a Bundle.", expression="Bundle")
    kind = body.get("type")
    if kind == "transaction":
        return await engine.dispatch(replace(request, interaction="transaction"), context)
    if kind != "batch":
        raise Malformed("The Bundle's type must be batch or transaction.", expression="Bundle.type")
    check_shape(body)
    indexes = range(len(body.get("entry", ())))
    answers = [await _answer(engine, body, index, context) for index in indexes]
    return FhirResponse(200, response_bundle("batch-response", answers))


async def _answer(
    engine: Engine, body: JsonObject, index: int, context: Context
) -> tuple[JsonObject, bytes | None]:
    try:
        entry = entry_of(body, index, context)
        response = await engine.dispatch(entry.request, context, in_bundle=True)
    except FhirError as error:
        outcome = operation_outcome(error.issues)
        return {"status": str(error.status), "outcome": outcome}, None
    return entry_response(response), response.body


def entry_response(response: FhirResponse) -> JsonObject:
    """Tell in a Bundle what HTTP tells in its status and headers."""
    told: JsonObject = {"status": str(response.status)}
    if response.location is not None:
        told["location"] = response.location
    if response.version is not None:
        told["etag"] = f'W/"{response.version.number}"'
        told["lastModified"] = instant(response.version.updated)
    return told
