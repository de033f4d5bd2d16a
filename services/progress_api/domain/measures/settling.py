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
from shared.care.canonical import CANONICAL
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
_OVERDUE: Final = {"coding": [{"system": CODE["system"], "code": "overdue"}], "text": "overdue"}
_RESPONSE: Final = {"coding": [{"system": CODE["system"], "code": "response"}], "text": "response"}
_MISSED: Final = "The measure was not answered in its window."
_UNWANTED: Final = "The programme is on hold or has ended, so the measure is not needed."


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how dates and references are read."""

    zone: tzinfo
    bases: tuple[str, ...]


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


def is_overdue(task: JsonObject) -> bool:
    """Tell whether a measure is marked overdue."""
    codings = task.get("businessStatus", {}).get("coding", ())
    return any(
        (each.get("system"), each.get("code")) == (CODE["system"], "overdue") for each in codings
    )


def settled(task: JsonObject, step: Step, answer: str | None = None) -> JsonObject:
    """Write what a step makes of the Task; `answer` refers to the response that completes it."""
    if step == "complete":
        output = {"type": _RESPONSE, "valueReference": {"reference": answer}}
        return task | {"status": "completed", "output": [*task.get("output", ()), output]}
    if step == "mark":
        return task | {"businessStatus": _OVERDUE}
    if step == "fail":
        missed = {"statusReason": {"text": _MISSED}, "businessStatus": _OVERDUE}
        return task | {"status": "failed"} | missed
    return task | {"status": "cancelled", "statusReason": {"text": _UNWANTED}}


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
        and patient_of(response, "subject", place.bases) == patient_of(task, "for", place.bases)
        and _in_window(response, received, task, place.zone)
    )


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
