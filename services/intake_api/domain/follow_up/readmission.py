"""A stay in hospital during the programme: the episode pauses, and a person decides on the return.

Whoever leaves hospital against advice is called on the same day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.follow_up.windows import RETURN_DAYS
from services.intake_api.domain.stay import disposition, ends_inpatient_stay, last_day
from shared.care.automatic import Policy, derived_id
from shared.care.canonical import code_system, profile
from shared.care.episode import is_programme, moved
from shared.care.worklist import due, owner
from shared.fhir.dates import local_day

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from services.intake_api.domain.follow_up.trigger import Trigger
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "readmission-pauses-the-programme", "1.0", "Puts an episode of care on hold during a stay"
)
OUTREACH: Final = Policy(
    "outreach-after-leaving-against-advice", "1.0", "Asks to call whoever left against advice"
)
_TASK: Final = code_system("task")


def interrupts(stay: Trigger, episode: JsonObject, today: date, zone: tzinfo) -> bool:
    """Tell whether a stay began while somebody was in the programme, and is not long over."""
    since = _active_since(episode, zone)
    if since is None or stay.kind != "stay" or stay.first < since:
        return False
    return stay.last is None or (today - stay.last).days <= RETURN_DAYS


def paused(episode: JsonObject, at: str) -> JsonObject:
    """Put an episode on hold."""
    return moved(episode, "onhold", at)


def resumed(episode: JsonObject, at: str) -> JsonObject:
    """Let an episode go on whose stay was taken back."""
    return moved(episode, "active", at)


def hold_id(episode: str, stay: str) -> str:
    """Derive the id of the Provenance that says which stay put an episode on hold."""
    return derived_id(f"{episode}/{stay}", POLICY.name)


def review(episode: JsonObject, stay: Trigger, at: str) -> JsonObject:
    """Ask a person to decide whether the programme goes on after a stay."""
    return {
        "resourceType": "Task",
        "id": derived_id(f"EpisodeOfCare/{episode['id']}/{stay.reference}", "readmission-review"),
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": _code("readmission-review", "Return after a hospital stay"),
        "description": "The programme is on hold. Decide whether and how it goes on.",
        "focus": {"reference": f"EpisodeOfCare/{episode['id']}"},
        "for": episode["patient"],
        "reasonReference": {"reference": stay.reference},
        "authoredOn": at,
        "executionPeriod": {"start": at},
        "owner": owner("readmission-review"),
        "restriction": due("readmission-review", at),
    }


def outreach(encounter: JsonObject, patient: str, at: str, zone: tzinfo) -> JsonObject | None:
    """Ask to call whoever left a stay against advice, on the same day; None for anybody else."""
    day = last_day(encounter, zone)
    if day is None or not left_against_advice(encounter):
        return None
    reference = f"Encounter/{encounter['id']}"
    return {
        "resourceType": "Task",
        "id": derived_id(reference, "outreach"),
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": _code("outreach", "Call after leaving against advice"),
        "description": "The person left hospital against advice. Call them today.",
        "focus": {"reference": reference},
        "for": {"reference": patient},
        "authoredOn": at,
        "executionPeriod": {"start": at},
        "owner": owner("outreach"),
        "restriction": {"period": {"start": day.isoformat(), "end": day.isoformat()}},
    }


def left_against_advice(encounter: JsonObject) -> bool:
    """Tell whether somebody left an inpatient stay against advice."""
    return ends_inpatient_stay(encounter) and disposition(encounter) == "against-advice"


def _active_since(episode: JsonObject, zone: tzinfo) -> date | None:
    """Give the local day since which an episode of the programme is active; None if it is not."""
    if episode["status"] != "active" or not is_programme(episode):
        return None
    history = episode.get("statusHistory", ())
    last = history[-1]["period"] if history else episode.get("period", {})
    start = last.get("start") or episode.get("period", {}).get("start")
    return local_day(start, zone) if start else None


def _code(code: str, text: str) -> JsonObject:
    return {"coding": [{"system": _TASK, "code": code}], "text": text}
