"""What a referrer is told when somebody is declined: why, and where to instead.

https://hl7.org/fhir/R4/communication.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.care.automatic import Policy
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy("decline-is-told", "1.0", "Tells the referrer that somebody was declined")
_CATEGORY: Final = {
    "coding": [{"system": code_system("task"), "code": "referral"}],
    "text": "Answer to a referral",
}


@dataclass(frozen=True, slots=True)
class Declined:
    """An episode that was declined, what the clinician signed, and the referrals it came by."""

    episode: JsonObject
    signature: JsonObject
    referrals: Sequence[JsonObject]

    @property
    def referrers(self) -> list[JsonObject]:
        """Name who referred, each once."""
        told = [each["requester"] for each in self.referrals if "requester" in each]
        named = {str(each.get("reference") or each): each for each in told}
        return list(named.values())


def communication(declined: Declined, logical_id: str, at: str) -> JsonObject | None:
    """Write the answer; None where nobody referred, or no clinician said why."""
    reason = next((each["text"] for each in declined.signature.get("reason", ())), None)
    if reason is None or not declined.referrers:
        return None
    return {
        "resourceType": "Communication",
        "id": logical_id,
        "status": "completed",
        "category": [_CATEGORY],
        "priority": "routine",
        "subject": declined.episode["patient"],
        "about": [_reference(each) for each in declined.referrals],
        "recipient": declined.referrers,
        "sender": declined.signature["agent"][0]["who"],
        "sent": at,
        "reasonCode": _reasons(declined) or [{"text": reason}],
        "payload": [
            {"contentString": f"The programme has declined: {reason}"},
            *({"contentReference": each} for each in _instead(declined)),
        ],
    }


def _reasons(declined: Declined) -> list[JsonObject]:
    said = (each.get("statusReason") for each in declined.referrals)
    return [each for each in said if each][:1]


def _instead(declined: Declined) -> Iterator[JsonObject]:
    """Name who is there for the person instead."""
    for task in declined.referrals:
        for each in task.get("output", ()):
            if each["type"].get("text") == "Instead" and "valueReference" in each:
                yield each["valueReference"]


def _reference(resource: JsonObject) -> JsonObject:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}
