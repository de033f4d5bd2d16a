"""FHIR patch interaction: a resource changed in part.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Gone, Malformed, NotFound, RuleViolation
from shared.fhir.patch import fhirpath_operations, fhirpath_patch, json_patch
from shared.fhir.patch.narrative import with_true_narrative
from shared.fhir.reader import read
from shared.fhir.writer import write
from shared.server.bodies import only_layout
from shared.server.conditions import demand_if_match, hold
from shared.server.decision import Decision
from shared.server.interactions.update import carry_forward, refuse_subsetted
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.fhir.reader import JsonObject
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version

# What the server writes into meta.
_SERVERS: Final = ("versionId", "lastUpdated")


async def patch(tx: Transaction, request: FhirRequest, context: Context) -> Decision:
    """Change a resource by the patch of the body.

    :raises NotFound: when there is nothing that the caller may see.
    :raises Gone: when it was deleted.
    """
    only_layout(request)
    applied = patch_of(request)
    key = Key(request.type or "", request.id or "")
    current = await tx.read(key)
    if current is None:
        raise NotFound(f"There is no {key.type} with this id.")
    return patched(request, context, current, applied)


def patch_of(request: FhirRequest) -> Callable[[JsonObject], JsonObject]:
    """Read the patch of a body.

    :raises Malformed: when there is none.
    """
    if request.patch is not None:
        return partial(json_patch.apply, json_patch.parse(request.patch))
    if request.resource is not None:
        return partial(fhirpath_patch.apply, fhirpath_operations.parse(request.resource))
    raise Malformed("The request needs a patch.", expression=request.type)


def patched(
    request: FhirRequest,
    context: Context,
    current: Version,
    applied: Callable[[JsonObject], JsonObject],
) -> Decision:
    """Apply a patch to what is current, if the request's own conditions hold of it.

    :raises Gone: when it was deleted.
    :raises PreconditionFailed: when If-Match is stale.
    :raises PreconditionRequired: when the policy demands If-Match.
    :raises RuleViolation: when the patch cannot be applied, or touches what no patch may.
    """
    if current.body is None:
        raise Gone(f"This {current.key.type} was deleted.")
    hold(request.headers, current)
    demand_if_match(context.policy, request.headers, current)
    before = read(current.body)
    # Read again, so that the result keeps the limits of what a client may send.
    after = read(write(applied(before)))
    _refuse_touched(before, after)
    refuse_subsetted(after)
    after = with_true_narrative(before, after)
    return Decision(current.key, Change(current.key, "PATCH", current, after, context.now))


def _refuse_touched(before: JsonObject, after: JsonObject) -> None:
    resource_type = before["resourceType"]
    for name in ("resourceType", "id"):
        if before[name] != after.get(name):
            raise RuleViolation(f"No patch may touch {name}.", expression=f"{resource_type}.{name}")
    old, new = before["meta"], after.get("meta")
    for name in _SERVERS:
        if not isinstance(new, dict) or new.get(name) != old[name]:
            expression = f"{resource_type}.meta.{name}"
            raise RuleViolation(f"No patch may touch meta.{name}.", expression=expression)
    if carry_forward(before, after) is not after:
        raise RuleViolation(
            "Only $meta-delete removes labels, tags and profiles.",
            expression=f"{resource_type}.meta",
        )
