"""The interactions that write, plain and conditional: each decides, and is then carried out.

A transaction decides all of its entries in the same way before it writes any.
https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.server.criteria import criteria_of, locks, one_match
from shared.server.interactions.conditional_create import conditional_create
from shared.server.interactions.conditional_delete import conditional_delete
from shared.server.interactions.conditional_patch import conditional_patch
from shared.server.interactions.conditional_update import conditional_update
from shared.server.interactions.create import create, location
from shared.server.interactions.delete import delete
from shared.server.interactions.patch import patch
from shared.server.interactions.update import changes_nothing, update
from shared.server.preferences import advised
from shared.server.request import FhirResponse
from shared.server.saving import save

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.fhir.search.query import Query
    from shared.server.decision import Decision
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version

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
    query = criteria_of(request, context)
    if query is not None:
        # Nobody else can act on the same criteria until the commit.
        await tx.hold_conditions(locks(query))
    decision = await decide(tx, request, context, query)
    change = decision.change
    saved = [] if change is None or changes_nothing(change) else await save(tx, [change])
    answer = answered(decision, saved[0] if saved else None, context)
    return await advised(tx, request, answer)


async def decide(
    tx: Transaction, request: FhirRequest, context: Context, query: Query | None
) -> Decision:
    """Decide what a write comes down to; the condition of its criteria must be held.

    :raises PreconditionFailed: when several resources match the criteria.
    """
    plain, conditional = WRITES[request.interaction]
    if query is None:
        return await plain(tx, request, context)
    return await conditional(tx, request, context, await one_match(tx, query))


def answered(decision: Decision, saved: Version | None, context: Context) -> FhirResponse:
    """Tell of a decision that was carried out: `saved` is the version that its change made."""
    before = decision.standing if decision.change is None else decision.change.before
    version = saved or before
    if version is None or version.deleted:
        return FhirResponse(204, None, version)
    made = saved is not None and (before is None or before.deleted)
    return FhirResponse(201 if made else 200, version.body, version, location(version, context))
