"""What opens for a person whose inpatient stay ended: clocks, and a planned episode of care.

All of it is a function of the stay and of who told, with ids derived from the stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.clock import CLOCK
from services.intake_api.domain.follow_up.windows import AFTER_DISCHARGE
from services.intake_api.domain.route import concept
from shared.care.automatic import derived_id
from shared.care.canonical import profile
from shared.care.episode import PROGRAMME, WAITING
from shared.care.worklist import owner

if TYPE_CHECKING:
    from datetime import date

    from services.intake_api.domain.route import Route
    from shared.fhir.reader import JsonObject

PROGRAMME_TEXT: Final = "Intensive outpatient programme"


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay that ended: its Encounter and Patient by reference, its last local day."""

    reference: str
    patient: str
    last_day: date


def clocks(stay: Stay, authored: str) -> dict[str, JsonObject]:
    """Write the clocks that run from the end of a stay, by reference."""
    found = {}
    for window in AFTER_DISCHARGE:
        task_id = derived_id(stay.reference, window.code)
        found[f"Task/{task_id}"] = {
            "resourceType": "Task",
            "id": task_id,
            "meta": {"profile": [profile("stepdown-task")]},
            "status": "requested",
            "intent": "order",
            "priority": "routine",
            "code": {"coding": [{"system": CLOCK, "code": window.code}], "text": window.text},
            "focus": {"reference": stay.reference},
            "for": {"reference": stay.patient},
            "authoredOn": authored,
            "executionPeriod": {"start": authored},
            "owner": owner(window.code),
            "restriction": {"period": window.period(stay.last_day)},
        }
    return found


def episode_id(cause: str) -> str:
    """Derive the id of the one episode of care that a stay or a referral opens."""
    return derived_id(cause, "episode")


def planned_episode(
    cause: str, patient: str, referral: str, *, planned: str, route: Route
) -> JsonObject:
    """Write the episode of care that a referral asks for, and nobody has admitted to yet."""
    return {
        "resourceType": "EpisodeOfCare",
        "id": episode_id(cause),
        "status": "planned",
        "statusHistory": [{"status": "planned", "period": {"start": planned}}],
        "type": [{"coding": [PROGRAMME], "text": PROGRAMME_TEXT}, concept(route)],
        "patient": {"reference": patient},
        "referralRequest": [{"reference": referral}],
    }


def joined(episode: JsonObject, other: JsonObject) -> JsonObject | None:
    """Add to an episode that still waits the referrals that ask for it too; None if none do."""
    told = [each["reference"] for each in episode.get("referralRequest", ())]
    new = [each for each in other["referralRequest"] if each["reference"] not in told]
    if not new or episode["status"] not in WAITING:
        return None
    return episode | {"referralRequest": [*episode.get("referralRequest", ()), *new]}
