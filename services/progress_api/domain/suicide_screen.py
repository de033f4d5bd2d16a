"""The Task that asks for the C-SSRS screener on the same day, and what completes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.completed_response import concept
from services.progress_api.domain.once import made_once, said_once, transaction, urn
from shared.care.automatic import Act, Policy
from shared.care.canonical import CANONICAL, CAUSE, code_system, profile
from shared.care.worklist import owner
from shared.fhir.dates import date_range

if TYPE_CHECKING:
    from datetime import tzinfo

    from services.progress_api.domain.extraction import Extraction
    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "suicide-screen-on-the-same-day", "1.0", "Asks for a C-SSRS where answers call for one"
)
TASK: Final = code_system("task")
SUICIDE_SCREEN: Final = "suicide-screen"
_SCREENED_BY: Final = concept(TASK, "screened-by", "Screened by")
# While a Task has one of these, the screen is still to be done.
OPEN: Final = (
    "draft",
    "requested",
    "received",
    "accepted",
    "ready",
    "in-progress",
    "on-hold",
)


@dataclass(frozen=True, slots=True)
class Cause:
    """The response that calls for a screen: its version, when that was stored, on which day."""

    reference: str
    number: int
    patient_id: str
    stated: str
    local_day: str

    @property
    def name(self) -> str:
        """Name the screen, the same at every repetition."""
        return f"{self.reference}/{SUICIDE_SCREEN}"


def why_asked(extraction: Extraction) -> str | None:
    """Say why a response calls for a screen; None where it does not."""
    completed = extraction.completed
    screening = completed.instrument.screening
    if completed.instrument.risk is not None and extraction.issues:
        return f"The answers of a {completed.instrument.title} cannot be read."
    if screening is None:
        return None
    answer = completed.answers.get(screening.item)
    if answer is None:
        return f"Item {screening.item} of the {completed.instrument.title} was not answered."
    if answer >= screening.least:
        return f"Item {screening.item} of the {completed.instrument.title} was affirmed."
    return None


def request(cause: Cause, reason: str) -> JsonObject:
    """Ask for the one Task that a response calls for, and say who did it."""
    task = urn(cause.name, "task")
    act = Act((task,), (f"{cause.reference}/_history/{cause.number}",), cause.stated)
    return transaction(
        [made_once(task, _task(cause, reason), cause.name), said_once(POLICY, act, cause.name)]
    )


def is_open(task: JsonObject) -> bool:
    """Tell whether a Task asks for a screen that is still to be done."""
    codings = task.get("code", {}).get("coding", ())
    is_screen = any((c.get("system"), c.get("code")) == (TASK, SUICIDE_SCREEN) for c in codings)
    return is_screen and task.get("status") in OPEN


def is_asked_by(task: JsonObject, reference: str) -> bool:
    """Tell whether a Task is the screen that a response has asked for."""
    named = (each for each in task.get("identifier", ()) if each.get("system") == CAUSE)
    return any(each.get("value") == f"{reference}/{SUICIDE_SCREEN}" for each in named)


def screened_by(task: JsonObject) -> str | None:
    """Name the response by which we completed a screen; None where we did not."""
    if task.get("status") != "completed":
        return None
    ours = (each for each in task.get("output", ()) if each.get("type") == _SCREENED_BY)
    return next((str(each["valueReference"].get("reference")) for each in ours), None)


def rests_on(task: JsonObject) -> set[str]:
    """Name the responses that have asked for a screen, or made it."""
    asked = task.get("focus", {}).get("reference", "")
    made = screened_by(task)
    return ({asked} if is_asked_by(task, asked) else set()) | ({made} if made else set())


def reopened(task: JsonObject, at: str) -> JsonObject:
    """Ask again for a screen that we had completed."""
    rest = {name: value for name, value in task.items() if name != "output"}
    others = [each for each in task["output"] if each.get("type") != _SCREENED_BY]
    again = {"status": "requested", "lastModified": at}
    return rest | again | ({"output": others} if others else {})


def is_screen(response: Extraction) -> bool:
    """Tell whether a response is a screen whose answers can be read."""
    return response.completed.instrument.risk is not None and not response.issues


def answers(screen: Extraction, asked: str, zone: tzinfo) -> bool:
    """Tell whether a response is a screen that was made not before it was asked for.

    Where only the day is known, it may have been later on that day.
    """
    made = date_range(screen.completed.authored, zone)
    return is_screen(screen) and made[1] > date_range(asked, zone)[0]


def completion(task: JsonObject, number: int, screen: Extraction, at: str) -> JsonObject:
    """Complete a Task, in the version that was read, by a screen."""
    reference, cause = f"Task/{task['id']}", f"Task/{task['id']}/{number}/screened"
    output = {
        "type": _SCREENED_BY,
        "valueReference": {"reference": screen.completed.reference},
    }
    done = task | {
        "status": "completed",
        "lastModified": at,
        "output": [*task.get("output", ()), output],
    }
    act = Act((reference,), (screen.completed.reference,), at, "UPDATE")
    put = {"method": "PUT", "url": reference, "ifMatch": f'W/"{number}"'}
    return transaction([{"resource": done, "request": put}, said_once(POLICY, act, cause)])


def _task(cause: Cause, reason: str) -> JsonObject:
    screener = {
        "type": concept(TASK, "questionnaire", "Questionnaire"),
        "valueCanonical": f"{CANONICAL}/Questionnaire/c-ssrs-screener",
    }
    return {
        "resourceType": "Task",
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": concept(TASK, SUICIDE_SCREEN, "Suicide screen"),
        "description": f"{reason} Do the C-SSRS screener today.",
        "focus": {"reference": cause.reference},
        "for": {"reference": f"Patient/{cause.patient_id}"},
        "authoredOn": cause.stated,
        "executionPeriod": {"start": cause.stated},
        "owner": owner(SUICIDE_SCREEN),
        "restriction": {"period": {"start": cause.local_day, "end": cause.local_day}},
        "input": [screener],
    }
