"""FHIR update interaction.

https://hl7.org/fhir/R4/http.html#update
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.errors import NotFound, RuleViolation
from shared.fhir.reader import read
from shared.fhir.writer import canonical
from shared.server.binary import protected_as_before
from shared.server.bodies import identified_as, only_layout, resource_of
from shared.server.conditions import demand_if_match, hold
from shared.server.decision import Decision
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.request import Context, FhirRequest
    from shared.store.transaction import Transaction
    from shared.store.version import Version

# What the server writes into meta, and so no part of what a client says.
_SERVERS: Final = frozenset({"versionId", "lastUpdated"})
# Lists of the current version that only $meta-delete removes from.
_CARRIED: Final = ("profile", "security", "tag")


async def update(tx: Transaction, request: FhirRequest, context: Context) -> Decision:
    """Replace a resource with the body, or create it under the id given.

    :raises PreconditionFailed: when If-Match is stale.
    :raises NotFound: when nothing is seen under the id by a caller who does not see everything.
    """
    only_layout(request)
    key = Key(request.type or "", request.id or "")
    identified_as(resource_of(request), key.id)
    current = await tx.read(key)
    if current is None and not tx.access.sees_all(key.type):
        # To choose an id is to ask whether it is taken.
        raise NotFound(f"There is no {key.type} with this id; a new one is made by POST.")
    return replacement(request, context, key, current)


def replacement(
    request: FhirRequest, context: Context, key: Key, current: Version | None
) -> Decision:
    """Put the body in the place of what is current, if the request's own conditions hold of it.

    :raises PreconditionFailed: when If-Match is stale.
    :raises PreconditionRequired: when the policy demands If-Match.
    :raises RuleViolation: when the body was read in part.
    """
    resource = resource_of(request)
    refuse_subsetted(resource)
    hold(request.headers, current)
    demand_if_match(context.policy, request.headers, current)
    before = content_of(current)
    after = carry_forward(before, protected_as_before(request, before, resource)) | {"id": key.id}
    return Decision(key, Change(key, "PUT", current, after, context.now, request.raw))


def content_of(current: Version | None) -> JsonObject | None:
    """Read the content of a version; None where there is none or it is a deletion."""
    if current is None or current.body is None:
        return None
    return read(current.body)


def carry_forward(before: JsonObject | None, after: JsonObject) -> JsonObject:
    """Keep the profiles, labels and tags of the version before."""
    old = {} if before is None else before.get("meta", {})
    new = after.get("meta", {})
    if not isinstance(new, dict) or not all(isinstance(new.get(n, []), list) for n in _CARRIED):
        return after  # validation says what is wrong with it
    meta = dict(new)
    for name in _CARRIED:
        told = {_identity(each) for each in new.get(name, ())}
        missing = [each for each in old.get(name, ()) if _identity(each) not in told]
        if missing:
            meta[name] = [*new.get(name, ()), *missing]
    return after if meta == new else after | {"meta": meta}


def _identity(label: object) -> str:
    # What a Coding is called for people does not make it another one.
    if isinstance(label, dict):
        return repr((label.get("system"), label.get("code")))
    return repr(label)


def refuse_subsetted(resource: JsonObject) -> None:
    """Refuse a resource that was read in part, which would delete the rest of it.

    :raises RuleViolation: when it is tagged SUBSETTED.
    """
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    for i, tag in enumerate(tags if isinstance(tags, list) else ()):
        if isinstance(tag, dict) and tag.get("code") == "SUBSETTED":
            raise RuleViolation(
                "A resource that was read in part cannot be written back.",
                expression=f"{resource['resourceType']}.meta.tag[{i}]",
            )


def same(before: JsonObject, after: JsonObject) -> bool:
    """Tell whether two contents are equal apart from what the server writes into meta."""
    return canonical(_comparable(before)) == canonical(_comparable(after))


def changes_nothing(change: Change) -> bool:
    """Tell whether a change would make a version that is equal to the one before."""
    before = content_of(change.before)
    return before is not None and change.after is not None and same(before, change.after)


def _comparable(resource: JsonObject) -> dict[str, Any]:
    meta = resource.get("meta", {})
    if not isinstance(meta, dict):
        return resource  # validation says what is wrong with it
    meta = {k: v for k, v in meta.items() if k not in _SERVERS}
    return {k: v for k, v in resource.items() if k != "meta"} | {"meta": meta}
