"""Answers call for a suicide screen, or a screen was made: its Task is opened or completed, once.

Task and response may come in either order, so each looks for the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import suicide_screen
from services.progress_api.domain.extraction import DONE, extraction, is_done, refusals
from services.progress_api.domain.suicide_screen import Cause
from services.progress_api.following import is_followed
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.fhir.dates import date_range
from shared.fhir.writer import write
from shared.server.interactions.update import content_of
from shared.store.finding import Found, fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from services.progress_api.domain.extraction import Extraction
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def response_written(event: Event, effects: Effects) -> None:
    """Ask for the screen that this version calls for, or complete the Tasks that it answers."""
    version = await effects.tx.read_version(event.key, event.version)
    found = _readable(content_of(version), effects.tx)
    if version is None or found is None:
        return
    patient_id = found.completed.patient_id
    if not await is_followed(effects.tx, patient_id, effects.now):
        return
    reason = suicide_screen.why_asked(found)
    if reason is not None:
        await _ask(version, found, reason, effects)
    for task in await _open_tasks(effects.tx, patient_id):
        await _complete(task, [found], effects)


async def task_written(event: Event, effects: Effects) -> None:
    """Complete a Task that a screen has answered already."""
    task = await fetch(effects.tx, event.key)
    if task is None or not suicide_screen.is_open(task.content):
        return
    patient_id = patient_of(task.content, "for", effects.tx.bases)
    if patient_id is None or not await is_followed(effects.tx, patient_id, effects.now):
        return
    criteria = (("patient", f"Patient/{patient_id}"), ("status", ",".join(sorted(DONE))))
    responses = await find(effects.tx, "QuestionnaireResponse", *criteria)
    readable = (_readable(each.content, effects.tx) for each in responses)
    await _complete(task, [each for each in readable if each], effects)


def _readable(response: JsonObject | None, tx: Transaction) -> Extraction | None:
    if response is None or any(refusals(response, tx.bases)):
        return None
    return extraction(response, tx.bases)


async def _ask(version: Version, found: Extraction, reason: str, effects: Effects) -> None:
    cause = Cause(
        reference=found.completed.reference,
        number=version.number,
        patient_id=found.completed.patient_id,
        stated=instant(version.updated),
        local_day=version.updated.astimezone(effects.tx.zone).date().isoformat(),
    )
    body = write(suicide_screen.request(cause, reason))
    await effects.send("intake", "POST", "", body=body, purpose="suicide-screen")


async def _open_tasks(tx: Transaction, patient_id: str) -> list[Found]:
    code = f"{suicide_screen.TASK}|{suicide_screen.SUICIDE_SCREEN}"
    status = ",".join(suicide_screen.OPEN)
    patient = ("patient", f"Patient/{patient_id}")
    return await find(tx, "Task", patient, ("code", code), ("status", status))


async def _complete(task: Found, screens: list[Extraction], effects: Effects) -> None:
    asked = await _asked(task, effects.tx)
    zone = effects.tx.zone
    for screen in screens:
        if suicide_screen.answers(screen, asked, zone):
            done = suicide_screen.completion(
                task.content, task.number, screen, instant(effects.now)
            )
            purpose = f"screened/{task.key.id}"
            await effects.send("intake", "POST", "", body=write(done), purpose=purpose)
            return


async def _asked(task: Found, tx: Transaction) -> str:
    """Tell when the answers were given that call for the screen."""
    asked: str = task.content.get("authoredOn") or instant(task.version.updated)
    focus = task.content.get("focus", {}).get("reference", "")
    resource_type, _, logical_id = focus.partition("/")
    if resource_type != "QuestionnaireResponse":
        return asked
    cause = await fetch(tx, Key(resource_type, logical_id))
    authored = asked if cause is None else cause.content.get("authored", asked)
    # Answers dated later than they came could be screened for by nobody until then.
    return asked if date_range(asked)[0] < date_range(authored)[0] else authored


RESPONSES: Final = Reaction(
    "suicide_screen_response",
    frozenset({"QuestionnaireResponse"}),
    response_written,
    concerns=is_done,
)
TASKS: Final = Reaction(
    "suicide_screen_task", frozenset({"Task"}), task_written, concerns=suicide_screen.is_open
)
