"""FHIR transaction: all entries of a Bundle, or none.

Whatever their order in the Bundle, entries take effect as the specification orders them: DELETE,
POST, PUT and PATCH, GET, and conditional references may match what the transaction itself created.
https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import NotSupported
from shared.server.auditing import audit_row
from shared.server.entries import check_shape, entry_answer, entry_of, located
from shared.server.entry_links import link
from shared.server.interactions.reads import READS, answer_read
from shared.server.interactions.writes import answered, carry_out
from shared.server.preferences import advised, preferring
from shared.server.request import FhirResponse
from shared.server.searchset import response_bundle
from shared.server.showing import written
from shared.server.steps import refuse_second_matches, steps_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.server.entries import Entry
    from shared.server.request import Context, FhirRequest
    from shared.server.steps import Step
    from shared.store.transaction import Transaction
    from shared.store.version import Key, Version


async def transaction(tx: Transaction, request: FhirRequest, context: Context) -> FhirResponse:
    """Run all entries of a transaction.

    :raises FhirError: the first refusal, with the place of its entry.
    """
    bundle = request.resource or {}
    check_shape(bundle)
    entries = [entry_of(bundle, i, context) for i in range(len(bundle.get("entry", ())))]
    steps = await steps_of(tx, entries, context)
    places = {key: f"{step.entry.place}.resource" for step in steps if (key := step.decision.key)}
    await link(tx, steps, places, context)
    saved = await carry_out(tx, [step.decision for step in steps], places)
    await refuse_second_matches(tx, steps)
    answers = await _answers(tx, steps, saved, request.headers, context)
    written = {step.entry.place for step in steps if step.decision.key in saved}
    for entry in entries:
        if entry.place not in answers:
            with located(entry):
                answers[entry.place] = await _read(tx, entry, context)
    await _audit(tx, request, context, [e for e in entries if e.place not in written], answers)
    told = [entry_answer(entry, answers[entry.place], request.headers) for entry in entries]
    return FhirResponse(200, response_bundle("transaction-response", told))


async def _answers(
    tx: Transaction,
    steps: Sequence[Step],
    saved: Mapping[Key, Version],
    headers: Mapping[str, str],
    context: Context,
) -> dict[str, FhirResponse]:
    by_place: dict[str, list[Step]] = {}
    for step in steps:
        by_place.setdefault(step.entry.place, []).append(step)
    answers = {}
    for place, each in by_place.items():
        answer = answered([step.decision for step in each], saved, context)
        asked = preferring(each[0].entry.request, headers)
        answers[place] = written(asked, await advised(tx, asked, answer, context.local_now))
    return answers


async def _read(tx: Transaction, entry: Entry, context: Context) -> FhirResponse:
    if entry.request.interaction not in READS:
        raise NotSupported(
            "A transaction takes reads, searches and writes, but no operations and no metadata."
        )
    return await answer_read(tx, entry.request, context)


async def _audit(
    tx: Transaction,
    request: FhirRequest,
    context: Context,
    unwritten: Sequence[Entry],
    answers: Mapping[str, FhirResponse],
) -> None:
    """Audit the transaction itself and what it read; each write audits itself."""
    service = tx.act.service
    rows = [audit_row(request, context, service, status=200)]
    for entry in unwritten:
        answer = answers[entry.place]
        status = answer.status
        rows.append(audit_row(entry.request, context, service, status=status, response=answer))
    await tx.audit(rows)
