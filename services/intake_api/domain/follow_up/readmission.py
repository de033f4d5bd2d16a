"""A stay in hospital during the programme: the episode pauses, and a person decides on the return.

Whoever leaves hospital against advice is called on the same day.
"""

from __future__ import annotations

from dataclasses import replace
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
    "readmission-pauses-the-programme", "1.1", "Puts an episode of care on hold during a stay"
)
# What an earlier version of the policy has put on hold goes on as well.
POLICIES: Final = (POLICY, replace(POLICY, version="1.0"))
OUTREACH: Final = Policy(
    "outreach-after-leaving-against-advice", "1.0", "Asks to call whoever left against advice"
)
_TASK: Final = code_system("task")
REVIEW: Final = f"{_TASK}|readmission-review"


def interrupts(stay: Trigger, episode: JsonObject, today: date, zone: tzinfo) -> bool:
    """Tell whether a stay began while somebody was in the programme, and is not long over."""
    if episode["status"] != "active" or not is_programme(episode):
        return False
    days = _active_since(episode, zone)
    if not days or not began_since(stay, days[-1]):
        return False
    return stay.last is None or (today - stay.last).days <= RETURN_DAYS


def keeps_on_hold(stay: Trigger, episode: JsonObject, zone: tzinfo) -> bool:
    """Tell whether a stay began after the programme did that is on hold now."""
    days = _active_since(episode, zone)
    return not days or began_since(stay, days[-1])


def asks_for_review(stay: Trigger, episode: JsonObject, zone: tzinfo) -> bool:
    """Tell whether a stay is over that began while somebody was in the programme."""
    days = _active_since(episode, zone)
    return stay.last is not None and (not days or began_since(stay, days[0]))


def began_since(stay: Trigger, day: date) -> bool:
    """Tell whether it is a stay in hospital that began on a day, or later."""
    return stay.kind == "stay" and stay.first >= day


def paused(episode: JsonObject, at: str) -> JsonObject:
    """Put an episode on hold."""
    return moved(episode, "onhold", at)


def resumed(episode: JsonObject, before: JsonObject) -> JsonObject:
    """Let an episode go on as it was `before` a stay that was none of theirs."""
    rest = {name: value for name, value in episode.items() if name != "statusHistory"}
    history = {name: before[name] for name in ("statusHistory",) if name in before}
    return rest | history | {"status": before["status"]}


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


def outreach_id(stay: str) -> str:
    """Derive the id of the Task to call whoever left a stay against advice."""
    return derived_id(stay, "outreach")


def outreach(encounter: JsonObject, patient: str, at: str, zone: tzinfo) -> JsonObject | None:
    """Ask to call whoever left a stay against advice, on the same day; None for anybody else."""
    day = last_day(encounter, zone)
    if day is None or not left_against_advice(encounter):
        return None
    reference = f"Encounter/{encounter['id']}"
    return {
        "resourceType": "Task",
        "id": outreach_id(reference),
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


def _active_since(episode: JsonObject, zone: tzinfo) -> list[date]:
    """Give the local days on which an episode became active, as far as it says so."""
    told = [e["period"] for e in episode.get("statusHistory", ()) if e["status"] == "active"]
    starts = [each["start"] for each in told if "start" in each]
    begun = episode.get("period", {}).get("start")
    return [local_day(each, zone) for each in starts or filter(None, [begun])]


def _code(code: str, text: str) -> JsonObject:
    return {"coding": [{"system": _TASK, "code": code}], "text": text}
