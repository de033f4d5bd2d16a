"""Tells whether it was a policy of ours that gave a resource its status, and what was before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.care.canonical import POLICY
from shared.fhir.reader import read
from shared.store.finding import find
from shared.store.version import dated

if TYPE_CHECKING:
    from shared.care.automatic import Policy
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Version

_MANY: Final = 1000


@dataclass(frozen=True, slots=True)
class StatusGiven:
    """A resource as it stood before, and the Provenance of the status that it has now."""

    before: JsonObject
    said: JsonObject


async def status_given(found: Found, policy: Policy, tx: Transaction) -> StatusGiven | None:
    """Find how a policy gave a resource its status; None where it was not that policy."""
    later: Version = found.version
    for version in (await tx.history(found.key, before=None, limit=_MANY))[1:]:
        if version.body is None:
            return None
        content = read(version.body)
        if content["status"] != found.content["status"]:
            said = await said_by(policy, found.reference, tx)
            at_once = (each.content for each in said if is_at_once(each.version, later, version))
            return next((StatusGiven(content, each) for each in at_once), None)
        later = version
    return None


async def said_by(policy: Policy, reference: str, tx: Transaction) -> list[Found]:
    """Find what a policy has said of a resource."""
    identifier = {"system": POLICY, "value": f"{policy.name}|{policy.version}"}
    found = await find(tx, "Provenance", ("target", reference))
    return [
        each
        for each in found
        if any(a["who"].get("identifier") == identifier for a in each.content["agent"])
    ]


def names(said: JsonObject, reference: str) -> bool:
    """Tell whether a Provenance rests on a version of a resource."""
    whats = (each["what"].get("reference", "") for each in said.get("entity", ()))
    return any(each.startswith(f"{reference}/") for each in whats)


def is_at_once(said: Version, version: Version, before: Version | None) -> bool:
    """Tell whether a Provenance was written with the version that follows another one."""
    return version.updated == dated(said.updated, before)
