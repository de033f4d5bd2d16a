"""Requests to a sibling that change nothing when they arrive a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.care.automatic import derived_id, provenance
from shared.care.canonical import CAUSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.care.automatic import Act, Policy
    from shared.fhir.reader import JsonObject


def urn(cause: str, purpose: str) -> str:
    """Name a resource inside a Bundle by what causes it."""
    return f"urn:uuid:{derived_id(cause, purpose)}"


def made_once(full_url: str, resource: JsonObject, cause: str) -> dict[str, Any]:
    """Make a resource unless there is one of the same cause."""
    return {
        "fullUrl": full_url,
        "resource": resource | {"identifier": [{"system": CAUSE, "value": cause}]},
        "request": {
            "method": "POST",
            "url": resource["resourceType"],
            "ifNoneExist": f"identifier={CAUSE}|{cause}",
        },
    }


def said_once(policy: Policy, act: Act, cause: str) -> dict[str, Any]:
    """Say that a policy did it, under an id derived from the cause."""
    said = derived_id(cause, "provenance")
    return {
        "fullUrl": f"urn:uuid:{said}",
        "resource": provenance(policy, act) | {"id": said},
        "request": {"method": "PUT", "url": f"Provenance/{said}"},
    }


def transaction(entries: Sequence[JsonObject]) -> JsonObject:
    """Have entries written together or not at all."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
