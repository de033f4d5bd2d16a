"""The Tasks of the waitlist: one for each person who waits, one for a free place to be given.

Nobody is admitted by them: a person acts on them, or leaves them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import derived_id
from shared.care.canonical import code_system, profile
from shared.care.worklist import due, owner

if TYPE_CHECKING:
    from services.intake_api.domain.waitlist import Place, Waiting
    from shared.fhir.reader import JsonObject

SYSTEM: Final = code_system("task")
WAITLIST: Final = "waitlist"
OFFER: Final = "place-free"
OPEN: Final = ("draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold")
REFUSED: Final = frozenset({"rejected", "cancelled", "failed"})
_TEXTS: Final = {WAITLIST: "Waits for a place", OFFER: "A place is free"}


def task_id(waiting: Waiting, code: str) -> str:
    """Derive the id of a Task, which there is once for each time that somebody waits."""
    return derived_id(waiting.reference, f"{code}/{waiting.begun}")


def waits(waiting: Waiting, authored: str) -> JsonObject:
    """Write down that somebody waits; who sets its priority decides on their place."""
    return _task(waiting, WAITLIST, authored)


def offer(place: Place, authored: str) -> JsonObject:
    """Propose to admit the first who waits, and say why it is them."""
    told = f"A place is free, and this person is the first who waits ({place.text})."
    task = _task(place.waiting, OFFER, authored)
    soon = {"priority": place.priority, "restriction": due(OFFER, authored)}
    return task | soon | {"description": told}


def ended(task: JsonObject, episode: JsonObject, at: str) -> JsonObject:
    """End a Task of somebody who waits no more."""
    is_admitted = episode["status"] in {"active", "onhold", "finished"}
    after = task | {"status": "completed" if is_admitted else "cancelled", "lastModified": at}
    told = {} if is_admitted else {"statusReason": {"text": f"The episode is {episode['status']}"}}
    return after | told


def is_refused_offer(task: JsonObject) -> bool:
    """Tell whether somebody has decided that a free place is not for the one proposed."""
    codings = task.get("code", {}).get("coding", ())
    codes = {(each.get("system"), each.get("code")) for each in codings}
    return (SYSTEM, OFFER) in codes and task["status"] in REFUSED


def _task(waiting: Waiting, code: str, authored: str) -> JsonObject:
    return {
        "resourceType": "Task",
        "id": task_id(waiting, code),
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [{"system": SYSTEM, "code": code}], "text": _TEXTS[code]},
        "focus": {"reference": waiting.reference},
        "for": waiting.episode["patient"],
        "authoredOn": authored,
        "executionPeriod": {"start": authored},
        "owner": owner(code),
    }
