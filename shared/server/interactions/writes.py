"""The interactions that write, plain and conditional: each decides, and is then carried out.

A transaction decides all of its entries in the same way before it writes any.
https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Issue
from shared.fhir.outcome import operation_outcome
from shared.fhir.writer import write as to_bytes
from shared.server.criteria import criteria_of, locks, one_match
from shared.server.interactions.conditional_create import conditional_create
from shared.server.interactions.conditional_delete import (
    conditional_delete,
    deletes_many,
    multiple_delete,
)
from shared.server.interactions.conditional_patch import conditional_patch
from shared.server.interactions.conditional_update import conditional_update
from shared.server.interactions.create import create, location
from shared.server.interactions.delete import delete
from shared.server.interactions.patch import patch
from shared.server.interactions.update import changes_nothing, update
from shared.server.preferences import advised
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.server.showing import written

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from shared.fhir.search.query import Query
    from shared.server.decision import Decision
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Key, Version

    Plain = Callable[[Transaction, FhirRequest, Context], Awaitable[Decision]]
    Conditional = Callable[[Transaction, FhirRequest, Context, Version | None], Awaitable[Decision]]

# In the order in which a transaction's entries take effect.
WRITES: Final[dict[str, tuple[Plain, Conditional]]] = {
    "delete": (delete, conditional_delete),
    "create": (create, conditional_create),
    "update": (update, conditional_update),
    "patch": (patch, conditional_patch),
}


async def write(tx: Transaction, request: FhirRequest, context: Context) -> FhirResponse:
    """Carry out one write; where it changes nothing, no version is made.

    :raises Conflict: when something that is deleted is still referred to, naming up to ten.
    :raises PreconditionFailed: when several resources match its criteria.
    """
    query = await criteria_of(tx, request, context)
    if query is not None:
        # Nobody else can act on the same criteria until the commit.
        await tx.hold_conditions(locks(query))
    decisions = await decide(tx, request, context, query)
    answer = answered(decisions, await carry_out(tx, decisions), context)
    return written(request, await advised(tx, request, answer, context.local_now))


async def decide(
    tx: Transaction, request: FhirRequest, context: Context, query: Query | None
) -> list[Decision]:
    """Decide what a write comes down to; the condition of its criteria must be held.

    It is one decision, but where several resources are deleted at once.

    :raises PreconditionFailed: when several resources match the criteria.
    """
    plain, conditional = WRITES[request.interaction]
    if query is None:
        return [await plain(tx, request, context)]
    if deletes_many(request, context):
        return await multiple_delete(tx, request, context, query)
    return [await conditional(tx, request, context, await one_match(tx, query))]


async def carry_out(
    tx: Transaction, decisions: Sequence[Decision], places: Mapping[Key, str] | None = None
) -> dict[Key, Version]:
    """Write the changes that make a new version, and give these."""
    changes = [each.change for each in decisions if each.change is not None]
    needed = [change for change in changes if not changes_nothing(change)]
    return {version.key: version for version in await save(tx, needed, places)} if needed else {}


def answered(
    decisions: Sequence[Decision], saved: Mapping[Key, Version], context: Context
) -> FhirResponse:
    """Tell of a write that was carried out; `saved` are the versions that changes made."""
    if len(decisions) > 1:
        told = f"{len(decisions)} resources were deleted."
        issue = Issue("information", "informational", told)
        return FhirResponse(200, to_bytes(operation_outcome([issue])))
    [decision] = decisions
    return _answered(decision, saved.get(decision.key) if decision.key else None, context)


def _answered(decision: Decision, saved: Version | None, context: Context) -> FhirResponse:
    before = decision.standing if decision.change is None else decision.change.before
    version = saved or before
    if version is None or version.deleted:
        return FhirResponse(204, None, version)
    made = saved is not None and (before is None or before.deleted)
    return FhirResponse(201 if made else 200, version.body, version, location(version, context))
