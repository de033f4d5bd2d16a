"""FHIR batch: a Bundle whose entries run each on its own.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.errors import FhirError, Malformed, Unavailable
from shared.fhir.outcome import operation_outcome
from shared.fhir.references import Links
from shared.server.entries import EntryAnswer, check_entry, check_frame, entry_answer, entry_of
from shared.server.interactions.capabilities import told
from shared.server.preferences import preferring
from shared.server.request import FhirResponse
from shared.server.searchset import response_bundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.server.engine import Engine
    from shared.server.entries import Entry
    from shared.server.request import Context, FhirRequest


async def batch(engine: Engine, request: FhirRequest, context: Context) -> FhirResponse:
    """Run each entry; a refusal stands in the entry's own answer."""
    body = request.resource or {}
    check_frame(body)
    entries = body.get("entry", ())
    names = frozenset(_names_in(entries))
    answers = [
        await _answer(engine, request, context, index=index, names=names)
        for index in range(len(entries))
    ]
    return FhirResponse(200, response_bundle("batch-response", answers))


def _names_in(entries: Iterable[Any]) -> Iterator[str]:
    for each in entries:
        name = each.get("fullUrl") if isinstance(each, dict) else None
        if isinstance(name, str):
            yield name


async def _answer(
    engine: Engine, request: FhirRequest, context: Context, *, index: int, names: frozenset[str]
) -> EntryAnswer:
    try:
        check_entry(request.resource or {}, index)
        entry = entry_of(request.resource or {}, index, context)
        _refuse_dependence(entry, names)
        asked = preferring(entry.request, request.headers)
        response = await _run(engine, asked, context)
    except FhirError as error:
        outcome = operation_outcome(error.issues)
        return {"status": str(error.status), "outcome": outcome}, None
    return entry_answer(entry, response, request.headers)


async def _run(engine: Engine, request: FhirRequest, context: Context) -> FhirResponse:
    if request.interaction == "capabilities":
        # The entries of a Bundle may be of all services, so it is told what all of them serve.
        return told(engine.statement_of_all, request)
    owner = _elsewhere(engine, request)
    if owner is None:
        return await engine.dispatch(request, context, in_bundle=True)
    try:
        return await engine.siblings.forward(owner, request, context)
    except Unavailable as error:
        # What the sibling itself answers is in the audit by its own hand.
        await engine.refused(request, context, error)
        raise


def _elsewhere(engine: Engine, request: FhirRequest) -> str | None:
    """Name the other service that an operation belongs to."""
    if request.interaction != "operation" or request.type is None:
        return None
    definition = engine.definition
    for each in definition.operations:
        if each.code == request.operation and request.type in each.types:
            return None
    owner = definition.owner_of(request.type, request.operation)
    return None if owner == definition.name else owner


def _refuse_dependence(entry: Entry, names: frozenset[str]) -> None:
    """Refuse a link to another entry, which only a transaction resolves."""
    resource = entry.request.resource
    if resource is None or not isinstance(resource.get("resourceType"), str):
        return
    if any(text.startswith("urn:") and text in names for text in Links(resource).references()):
        raise Malformed(
            "Entries of a batch may not refer to one another; a transaction's may.",
            expression=entry.place,
        )
