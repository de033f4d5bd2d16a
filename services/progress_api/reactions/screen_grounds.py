"""Answers were corrected: the suicide screen that they asked for is withdrawn, or asked again.

A screen that was made by answers which nobody stands by any more is still to be made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import ground, suicide_screen
from services.progress_api.domain.extraction import DONE, extraction, refusals
from services.progress_api.domain.ground import Standing
from services.progress_api.domain.once import said_once, transaction
from shared.care import correction
from shared.care.automatic import Act
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.fhir.writer import write
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from services.progress_api.domain.extraction import Extraction
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction


async def handle(event: Event, effects: Effects) -> None:
    """Let the screens that a response asked for, or has made, follow what it says now."""
    tx = effects.tx
    if event.key.type == "Task":
        written = await fetch(tx, event.key)
        tasks = [written] if written else []
    else:
        tasks = await _tasks(event, tx)
    for task in tasks:
        bundle = await _reopened(task, event, effects) or await _followed(task, event, effects)
        if bundle is not None:
            purpose = f"screen-grounds/{task.key.id}"
            await effects.send("intake", "POST", "", body=write(bundle), purpose=purpose)


async def _tasks(event: Event, tx: Transaction) -> list[Found]:
    """Find the screens of everybody whom a response is or was about."""
    told = [
        content_of(await tx.read_version(event.key, number))
        for number in (event.version, event.version - 1)
    ]
    ids = sorted({each for t in told if t and (each := patient_of(t, "subject", tx.bases))})
    if not ids:
        return []
    code = ("code", f"{suicide_screen.TASK}|{suicide_screen.SUICIDE_SCREEN}")
    whose = ("patient", ",".join(f"Patient/{each}" for each in ids))
    found = await find(tx, "Task", whose, code)
    return [each for each in found if str(event.key) in suicide_screen.rests_on(each.content)]


async def _followed(task: Found, event: Event, effects: Effects) -> JsonObject | None:
    tx, reference = effects.tx, task.content.get("focus", {}).get("reference", "")
    if not suicide_screen.is_asked_by(task.content, reference):
        return None
    found = await _read(reference, tx)
    stands = (
        found is not None
        and suicide_screen.why_asked(found) is not None
        and found.completed.patient_id == patient_of(task.content, "for", tx.bases)
    )
    review = await fetch(tx, Key("Task", correction.review_id(task.reference)))
    standing = Standing(
        task=task.content,
        flag=None,
        review=None if review is None else review.content,
        ground=reference,
        stands=stands,
        again=stands,
    )
    return ground.followed(standing, _source(event), instant(effects.now))


async def _reopened(task: Found, event: Event, effects: Effects) -> JsonObject | None:
    """Ask again for a screen that no answers of theirs have made, as far as the record knows."""
    reference = suicide_screen.screened_by(task.content)
    if reference is None or await effects.tx.read(_key(reference)) is None:
        return None
    screen = await _read(reference, effects.tx)
    theirs = patient_of(task.content, "for", effects.tx.bases)
    is_theirs = screen is not None and screen.completed.patient_id == theirs
    if screen is not None and is_theirs and suicide_screen.is_screen(screen):
        return None
    at = instant(effects.now)
    after = suicide_screen.reopened(task.content, at)
    act = Act((task.reference,), (_source(event),), at, "UPDATE")
    put = {"method": "PUT", "url": task.reference, "ifMatch": f'W/"{task.number}"'}
    said = said_once(correction.POLICY, act, f"{task.reference}/{task.number}/reopened")
    return transaction([{"resource": after, "request": put}, said])


async def _read(reference: str, tx: Transaction) -> Extraction | None:
    """Read a response that somebody stands by."""
    found = await fetch(tx, _key(reference))
    if found is None or found.content.get("status") not in DONE:
        return None
    return None if any(refusals(found.content, tx.bases)) else extraction(found.content, tx.bases)


def _key(reference: str) -> Key:
    return Key("QuestionnaireResponse", reference.rpartition("/")[-1])


def _source(event: Event) -> str:
    return f"{event.key}/_history/{event.version}"


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may take the ground from a screen, or is a screen that we asked for."""
    if written["resourceType"] == "Task":
        return bool(suicide_screen.rests_on(written))
    return bool(written["meta"]["versionId"] != "1")


REACTION: Final = Reaction(
    "screen_grounds", frozenset({"QuestionnaireResponse", "Task"}), handle, concerns
)
