"""What becomes of a measure that was asked for: answered, late, missed, or no longer wanted.

An answer counts for the window in which it was given, so no answer counts twice. When the window
has passed, the Task is overdue; after the grace, in which an answer from the window may still
arrive, it has failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from services.progress_api.domain.measures.policy import GRACE
from services.progress_api.domain.measures.task import CODE, cause_of
from services.progress_api.domain.measures.windows import end_of_day
from shared.care import correction
from shared.care.canonical import CANONICAL, code_system
from shared.care.subject import patient_of
from shared.fhir.dates import date_range, instant
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from services.progress_api.domain.measures.course import Course
    from shared.fhir.reader import JsonObject

Step = Literal["wait", "complete", "mark", "fail", "cancel"]

_OPEN: Final = frozenset({"requested", "received", "accepted", "ready", "in-progress", "on-hold"})
_ANSWERED: Final = frozenset({"completed", "amended"})
# Said as of a clock, so that one search finds all that is late.
_LATE: Final = {"system": code_system("clock"), "code": "overdue"}
_OVERDUE: Final = {"coding": [_LATE], "text": "overdue"}
_RESPONSE: Final = {"coding": [{"system": CODE["system"], "code": "response"}], "text": "response"}
_MISSED: Final = "The measure was not answered in its window."
_UNWANTED: Final = "The programme is on hold or has ended, so the measure is not needed."


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how dates and references are read, and which Patients are one `person`."""

    zone: tzinfo
    bases: tuple[str, ...]
    person: frozenset[str] = frozenset()


def due_of(task: JsonObject, zone: tzinfo) -> datetime | None:
    """Give the moment at which the window of an open measure has passed; None if none is open."""
    last_day = task.get("restriction", {}).get("period", {}).get("end")
    is_open = task.get("status") in _OPEN and cause_of(task) is not None
    return end_of_day(last_day, zone) if is_open and last_day else None


def next_step(
    task: JsonObject, due: datetime, course: Course, *, is_answered: bool, now: datetime
) -> Step:
    """Decide what becomes of an open measure now."""
    cause = cause_of(task)
    if is_answered:
        return "complete"
    if cause is None or course.phase != cause.phase:
        return "cancel"
    if now < due:
        return "wait"
    if course.status == "onhold":
        return "cancel"
    if now >= due + GRACE:
        return "fail"
    return "wait" if is_overdue(task) else "mark"


def next_look(due: datetime, now: datetime) -> datetime:
    """Give the moment at which an open measure must be looked at again."""
    return due if now < due else due + GRACE


def withdrawn(task: JsonObject) -> JsonObject:
    """Take back what the same person is asked for by another of their episodes."""
    return correction.withdrawn(task) or task


def is_overdue(task: JsonObject) -> bool:
    """Tell whether a measure is marked overdue."""
    codings = task.get("businessStatus", {}).get("coding", ())
    return any(each.items() >= _LATE.items() for each in codings)


def settled(task: JsonObject, step: Step, answer: str | None = None) -> JsonObject:
    """Write what a step makes of the Task; `answer` refers to the response that completes it."""
    if step == "complete":
        output = {"type": _RESPONSE, "valueReference": {"reference": answer}}
        return task | {"status": "completed", "output": [*task.get("output", ()), output]}
    if step == "mark":
        return task | {"businessStatus": _OVERDUE}
    if step == "wait":
        return task
    if step == "fail":
        missed = {"statusReason": {"text": _MISSED}, "businessStatus": _OVERDUE}
        return task | {"status": "failed"} | missed
    return task | {"status": "cancelled", "statusReason": {"text": _UNWANTED}}


def as_asked(task: JsonObject, *, is_answered: bool, is_asked: bool) -> JsonObject:
    """Give a Task that we settled as it was before, so that it follows what is known now.

    What we withdrew is asked again once it `is_asked` for; what an answer completed is open without
    it, and what was missed or not needed is, once it is answered after all, or another episode
    asks instead. What people decided stands.
    """
    if is_asked and correction.is_withdrawn(task):
        return correction.restored(task)
    said = task.get("statusReason", {}).get("text")
    is_ended = (task["status"], said) in {("failed", _MISSED), ("cancelled", _UNWANTED)}
    if (is_ended and (is_answered or not is_asked)) or answered_by(task) is not None:
        return _open_again(task)
    return task


def answered_by(task: JsonObject) -> str | None:
    """Name the response by which we completed a Task; None where we did not."""
    if task["status"] != "completed":
        return None
    ours = (e["valueReference"] for e in task.get("output", ()) if e.get("type") == _RESPONSE)
    return next((str(each.get("reference")) for each in ours), None)


def _open_again(task: JsonObject) -> JsonObject:
    rest = {name: each for name, each in task.items() if name not in {"output", "statusReason"}}
    others = [each for each in task.get("output", ()) if each.get("type") != _RESPONSE]
    return rest | {"status": "requested"} | ({"output": others} if others else {})


def is_given(response: JsonObject) -> bool:
    """Tell whether a QuestionnaireResponse is complete."""
    return response.get("status") in _ANSWERED


def answers(response: JsonObject, received: datetime, task: JsonObject, place: Place) -> bool:
    """Tell whether a QuestionnaireResponse answers a measure, given in its window.

    `received` is when the record got it, which counts where it does not say when it was given.
    """
    return (
        is_given(response)
        and _asked_by(response, place) == _focus(task, place)
        and _is_by_the_person(response, task, place)
        and _in_window(response, received, task, place.zone)
    )


def _is_by_the_person(response: JsonObject, task: JsonObject, place: Place) -> bool:
    by = patient_of(response, "subject", place.bases)
    asked = patient_of(task, "for", place.bases)
    return by == asked or {by, asked} <= place.person


def _in_window(response: JsonObject, received: datetime, task: JsonObject, zone: tzinfo) -> bool:
    period = task.get("restriction", {}).get("period", {})
    authored = response.get("authored")
    low, high = date_range(authored, zone) if authored else (instant(received), instant(received))
    opened = date_range(task.get("authoredOn") or period["start"], zone)[0]
    return high >= opened and low < date_range(period["end"], zone)[1]


def _asked_by(response: JsonObject, place: Place) -> str | None:
    """Name the Questionnaire here that a response answers, by its canonical or its address."""
    canonical = str(response.get("questionnaire", "")).partition("|")[0]
    link = parse_reference(canonical, (*place.bases, CANONICAL))
    return link.id if link.kind == "local" and link.type == "Questionnaire" else None


def _focus(task: JsonObject, place: Place) -> str | None:
    link = parse_reference(task.get("focus", {}).get("reference", ""), place.bases)
    return link.id if link.type == "Questionnaire" else None
