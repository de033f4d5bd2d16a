"""FHIR batch: a Bundle whose entries run each on its own.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import FhirError
from shared.fhir.outcome import operation_outcome
from shared.server.entries import EntryAnswer, check_shape, entry_answer, entry_of
from shared.server.request import FhirResponse
from shared.server.searchset import response_bundle

if TYPE_CHECKING:
    from shared.server.engine import Engine
    from shared.server.request import Context, FhirRequest


async def batch(engine: Engine, request: FhirRequest, context: Context) -> FhirResponse:
    """Run each entry; a refusal stands in the entry's own answer."""
    body = request.resource or {}
    check_shape(body)
    indexes = range(len(body.get("entry", ())))
    answers = [await _answer(engine, request, index, context) for index in indexes]
    return FhirResponse(200, response_bundle("batch-response", answers))


async def _answer(
    engine: Engine, request: FhirRequest, index: int, context: Context
) -> EntryAnswer:
    try:
        entry = entry_of(request.resource or {}, index, context)
        response = await engine.dispatch(entry.request, context, in_bundle=True)
    except FhirError as error:
        outcome = operation_outcome(error.issues)
        return {"status": str(error.status), "outcome": outcome}, None
    return entry_answer(entry, response, request.headers)
