"""What ends here when a person dies: their episodes of care, and the Tasks that ask for something.

A stay that ended by death tells it too, and is written into the Patient, whom every service reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.stay import disposition
from shared.care.canonical import code_system
from shared.care.death import DIED, is_dead
from shared.care.episode import WAITING, finished, moved
from shared.care.referral.plain import NEXT_STATUS
from shared.care.referral.task import is_handoff, is_review, is_tracked
from shared.fhir.dates import not_before

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

_TASK: Final = code_system("task")
_OPEN: Final = frozenset(
    {"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"}
)
_UNDER_WAY: Final = frozenset({"active", "onhold"})


def ended_in_death(encounter: JsonObject) -> bool:
    """Tell whether an Encounter ended with the person's death."""
    return encounter.get("status") == "finished" and disposition(encounter) == "death"


def death_told(encounters: Iterable[JsonObject]) -> JsonObject | None:
    """Find the Encounter that ended with the person's death."""
    return next((each for each in encounters if ended_in_death(each)), None)


def died(patient: JsonObject, encounter: JsonObject, *, is_news: bool = False) -> JsonObject | None:
    """Say in a Patient when the person died, as a stay tells; None where something is said.

    That they are alive holds against no stay that tells of the death as news.
    """
    if is_dead(patient) or ("deceasedBoolean" in patient and not is_news):
        return None
    end = encounter.get("period", {}).get("end")
    return alive(patient) | ({"deceasedDateTime": end} if end else {"deceasedBoolean": True})


def ended_task(task: JsonObject, at: str) -> JsonObject | None:
    """Cancel a Task of ours that asks for something; None leaves it."""
    codings = task.get("code", {}).get("coding", ())
    codes = {each.get("code") for each in codings if each.get("system") == _TASK}
    if not codes or task.get("status") not in _OPEN or not _may_end(task):
        return None
    modified = not_before(at, task.get("authoredOn", at))
    return task | {"status": "cancelled", "statusReason": {"text": DIED}, "lastModified": modified}


def _may_end(task: JsonObject) -> bool:
    """Tell whether a Task is ours to end: what partners have agreed on, they end themselves."""
    if is_handoff(task) or is_tracked(task):
        return False
    return not is_review(task) or "cancelled" in NEXT_STATUS.get(task["status"], ())


def ended_episode(episode: JsonObject, at: str) -> JsonObject | None:
    """End an episode of care: finished where it had begun, else cancelled; None leaves it."""
    if episode["status"] in WAITING:
        return moved(episode, "cancelled", at)
    if episode["status"] not in _UNDER_WAY:
        return None
    return finished(episode, at)


def alive(patient: JsonObject) -> JsonObject:
    """Take back that a person has died."""
    told = ("deceased", "_deceased")
    return {name: value for name, value in patient.items() if not name.startswith(told)}


def says(patient: JsonObject, encounter: JsonObject) -> bool:
    """Tell whether a Patient says of the death what a stay tells, and no other time."""
    return died(alive(patient), encounter) == patient


def told_anew(patient: JsonObject, encounter: JsonObject | None) -> JsonObject:
    """Let a Patient say what a stay tells, or that the person is alive where none does."""
    rest = alive(patient)
    return rest if encounter is None else died(rest, encounter) or rest


def resumed_episode(episode: JsonObject, before: JsonObject, at: str) -> JsonObject:
    """Let an episode go on that a death had ended, as it stood before.

    Who waited for a place waits as since then, and keeps theirs on the list.
    """
    if before["status"] == "waitlist":
        history = {name: before[name] for name in ("statusHistory",) if name in before}
        rest = {name: value for name, value in episode.items() if name != "statusHistory"}
        return rest | history | {"status": before["status"]}
    period = {name: value for name, value in episode.get("period", {}).items() if name != "end"}
    again = moved(episode, before["status"], at)
    rest = {name: value for name, value in again.items() if name != "period"}
    return rest | ({"period": period} if period else {})
