"""`$meta-add` and `$meta-delete`: profiles, security labels and tags put on or taken off.

Each makes a new version, because no version of the record ever changes: the label before stays
true of what was read before, and everybody who follows the feed learns of the new one. What
changes nothing makes none.
https://hl7.org/fhir/R4/resource-operation-meta-add.html
https://hl7.org/fhir/R4/resource-operation-meta-delete.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.fhir.meta import with_labels, without_labels
from shared.fhir.reader import read
from shared.server.conditions import hold
from shared.server.definition import Operation, Parameter
from shared.server.interactions.update import refuse_subsetted
from shared.server.operations.meta import DEFINED_ON, RETURN, labelled, returned
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.store.finding import required
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def meta_add(tx: Transaction, call: Call) -> FhirResponse:
    """Add labels to a resource; one that is there already stays as it is.

    :raises NotFound: when there is nothing that the caller may see.
    :raises PreconditionFailed: when If-Match is stale.
    :raises RuleViolation: when a label says that the resource is only a part.
    """
    return await _changed(tx, call, with_labels)


async def meta_delete(tx: Transaction, call: Call) -> FhirResponse:
    """Take labels from a resource; one that is not there is no error.

    :raises NotFound: when there is nothing that the caller may see.
    :raises PreconditionFailed: when If-Match is stale.
    """
    return await _changed(tx, call, without_labels)


async def _changed(
    tx: Transaction, call: Call, change: Callable[[JsonObject, JsonObject], JsonObject]
) -> FhirResponse:
    found = await required(tx, Key(call.request.type or "", call.request.id or ""))
    hold(call.request.headers, found.version)
    before = found.content.get("meta", {})
    meta = change(before, call.inputs.one("meta"))
    if meta == before:
        return FhirResponse(200, returned(before), found.version)
    after = found.content | {"meta": meta}
    refuse_subsetted(after)
    [version] = await save(tx, [Change(found.key, "PUT", found.version, after, call.context.now)])
    return FhirResponse(200, returned(_meta_of(version)), version)


def _meta_of(version: Version) -> JsonObject:
    meta: JsonObject = read(version.body or b"{}").get("meta", {})
    return meta


def meta_changes(types: Iterable[str]) -> tuple[Operation, ...]:
    """Make both operations, for some types."""
    served = labelled(types)
    adding = Operation(
        code="meta-add",
        level="instance",
        types=served,
        handle=meta_add,
        opens="transaction",
        affects_state=True,
        description="Add profiles, security labels and tags to a resource.",
        parameters=(Parameter("meta", "in", "Meta", "What to add.", min=1), RETURN),
        defined_on=DEFINED_ON,
    )
    deleting = replace(
        adding,
        code="meta-delete",
        handle=meta_delete,
        description="Take profiles, security labels and tags from a resource.",
        parameters=(Parameter("meta", "in", "Meta", "What to take off.", min=1), RETURN),
    )
    return adding, deleting
