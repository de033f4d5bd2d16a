"""A person has said whom a notice is about: the notice is kept, as if this had been clear."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.notice.faults import notice_in
from services.intake_api.domain.notice.review import decided_person, review_id
from services.intake_api.notices.attempt import kept_or_told
from services.intake_api.notices.keeping import Received, settle
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.store.finding import Found, fetch
from shared.store.version import Key

if TYPE_CHECKING:
    from services.intake_api.domain.notice.message import Notice
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject


async def handle(event: Event, effects: Effects) -> None:
    """Keep the notice of a completed review, once."""
    task = await fetch(effects.tx, event.key)
    said = decided_person(task.content) if task else None
    if task is None or said is None:
        return
    patient_id = patient_of({"said": {"reference": said}}, "said", effects.tx.bases)
    person = await fetch(effects.tx, Key("Patient", patient_id)) if patient_id else None
    notice = await _notice(task, effects)
    if person is not None and notice is not None:
        received = Received(notice, None, effects.now)
        keep = partial(settle, effects.tx, received, task, person.reference)
        await kept_or_told(effects, notice, task, keep)


async def _notice(task: Found, effects: Effects) -> Notice | None:
    focus = task.content.get("focus", {}).get("reference", "")
    message = await fetch(effects.tx, Key("Bundle", focus.partition("/")[2]))
    notice = notice_in(message.content) if message else None
    # Anybody can write a Task that looks like a review; each message has one only.
    return notice if notice and review_id(notice) == task.key.id else None


def concerns(task: JsonObject) -> bool:
    """Tell whether a Task is a review that names somebody."""
    return decided_person(task) is not None


REACTION: Final = Reaction("identity_reviewed", frozenset({"Task"}), handle, concerns)
