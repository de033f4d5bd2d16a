"""The DetectedIssue about a disagreement: written once, mitigated when it ends.

What people have said about one stands.
https://hl7.org/fhir/R4/detectedissue.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.completed_response import concept
from services.progress_api.domain.disagreement.policy import KINDS, TOLD
from shared.care.automatic import derived_id
from shared.care.canonical import code_system
from shared.care.reconcile import Manner

if TYPE_CHECKING:
    from services.progress_api.domain.disagreement.comparing import Disagreement
    from shared.fhir.reader import JsonObject

SYSTEM: Final = code_system("detected-issue")
_AGREES: Final = concept(SYSTEM, TOLD["agrees"]["code"], TOLD["agrees"]["text"])


def codes() -> str:
    """Name the codes of all such issues, as a search asks for them."""
    return ",".join(f"{SYSTEM}|{kind}" for kind in KINDS)


def issue(found: Disagreement, plan: JsonObject, patient_id: str, at: str) -> JsonObject:
    """Write a disagreement down."""
    about_plan = f"CarePlan/{plan['id']}"
    kind = KINDS[found.kind]
    named = [about_plan, *([found.about] if found.about[0].isupper() else []), *found.cited]
    return {
        "resourceType": "DetectedIssue",
        "id": derived_id(about_plan, f"{found.kind}/{found.about}"),
        "status": "final",
        "code": concept(SYSTEM, found.kind, kind["text"]),
        "severity": kind["severity"],
        "patient": {"reference": f"Patient/{patient_id}"},
        "identifiedDateTime": at,
        "implicated": [{"reference": each} for each in named],
        "detail": found.detail,
    }


def manner(at: str) -> Manner:
    """Give how issues begin, end and begin again at a moment."""

    def revise(before: JsonObject | None, wanted: JsonObject) -> JsonObject | None:
        if before is None:
            return wanted
        if before.get("status") == "entered-in-error":
            return None
        if _has_ended(before):
            return wanted | {"status": "amended"}
        is_moved = before.get("patient") != wanted["patient"]
        moved = before | {"patient": wanted["patient"], "status": "amended"}
        return moved if is_moved else None

    def withdraw(before: JsonObject) -> JsonObject | None:
        if "mitigation" in before or before.get("status") == "entered-in-error":
            return None
        return before | {"mitigation": [{"action": _AGREES, "date": at}]}

    return Manner(revise, withdraw)


def _has_ended(before: JsonObject) -> bool:
    said = [each.get("action", {}).get("coding", ()) for each in before.get("mitigation", ())]
    return len(said) == 1 and any(_AGREES["coding"][0].items() <= each.items() for each in said[0])
