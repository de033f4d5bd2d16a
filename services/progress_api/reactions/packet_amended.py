"""A handoff's document was amended after it was sent: the partner's server gets it anew.

Once for each amended version, and only while the handoff is open or accepted. Each resource in it
is judged anew by the person's Consents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.exchange import steps, undelivered
from services.progress_api.domain.exchange.packet import amended
from services.progress_api.domain.exchange.partner import may_be_called
from services.progress_api.domain.handoff.disclosure import Disclosure
from services.progress_api.partners import base_at
from services.progress_api.reactions.referral_exchange import Shared
from shared.care.automatic import derived_id
from shared.care.canonical import CAUSE
from shared.care.referral import is_handoff
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.fhir.search.reading import Reading
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction

# As long as a clinic may use what it was sent.
OPEN: Final = frozenset({"requested", "received", "accepted", "in-progress", "on-hold"})


async def handle(event: Event, effects: Effects) -> None:
    """Send a version of a handoff's document that tells something else than the one before."""
    after = content_of(await effects.tx.read_version(event.key, event.version))
    before = content_of(await effects.tx.read_version(event.key, event.version - 1))
    if after is None or before is None or before.get("entry") == after.get("entry"):
        return
    shared = await _open_handoff(after, effects) if concerns(after) else None
    if shared is None:
        return
    if not may_be_called(shared.there):
        await shared.escalate(undelivered.NOT_CALLED, "undelivered")
    elif not await _permits(after, shared):
        await shared.escalate(undelivered.NOT_PERMITTED, "undelivered")
    else:
        await _send(after, shared)


async def open_task(document: JsonObject, tx: Transaction) -> JsonObject | None:
    """Find the Task of a document's handoff, as long as the partner may use it."""
    found = await fetch(tx, Key("Task", derived_id(_cause(document), "task")))
    if found is None or not is_handoff(found.content) or found.content["status"] not in OPEN:
        return None
    return found.content


async def _open_handoff(document: JsonObject, effects: Effects) -> Shared | None:
    """Find the handoff that a document is of, where its partner has a server."""
    task, bases = await open_task(document, effects.tx), effects.tx.bases
    if task is None:
        return None
    patient_id = patient_of(task, "for", bases)
    if patient_id is None or not await has_open_episode(effects.tx, patient_id):
        return None
    if not steps.is_shared(task) or steps.own_party(task) != "initiator":
        return None
    there = await base_at(effects.tx, task["owner"].get("reference", ""), bases)
    return Shared(task, there, effects) if there else None


async def _permits(document: JsonObject, shared: Shared) -> bool:
    tx, owner = shared.effects.tx, shared.task["owner"]["reference"]
    patient_id = patient_of(shared.task, "for", tx.bases)
    given = await find(tx, "Consent", ("patient", f"Patient/{patient_id}"), ("status", "active"))
    texts = Reading(tx.zone, tx.bases, shared.effects.now)
    disclosure = Disclosure([each.content for each in given], owner, texts)
    return all(disclosure.permits(each.get("resource", {})) for each in document.get("entry", ()))


async def _send(document: JsonObject, shared: Shared) -> None:
    task = shared.task
    named = [each.get("valueReference", {}) for each in task.get("input", ())]
    summaries = [await shared.linked(each, "DocumentReference") for each in named]
    told = next(filter(None, summaries), task)
    await shared.effects.disclose(told, task["owner"]["reference"], "amended")
    path, body = amended(document, shared.here)
    await shared.ask("PUT", path, body, "amended")


def is_packet(written: JsonObject) -> bool:
    """Tell whether a Bundle is the document of a handoff."""
    cause = _cause(written)
    return bool(cause and written["id"] == derived_id(cause, "document"))


def concerns(written: JsonObject) -> bool:
    """Tell whether a Bundle is a later version of the document of a handoff."""
    return bool(written["meta"]["versionId"] != "1" and is_packet(written))


def _cause(document: JsonObject) -> str:
    name = document.get("identifier", {})
    return str(name.get("value", "")) if name.get("system") == CAUSE else ""


REACTION: Final = Reaction("packet_amended", frozenset({"Bundle"}), handle, concerns)
