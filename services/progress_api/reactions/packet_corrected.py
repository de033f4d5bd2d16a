"""What a packet tells was corrected while its handoff is open: the packet is amended by itself.

It is written anew of what was known at the handoff, with what was corrected since as it is now, so
that the order of corrections makes no difference. Whoever has worded a packet themselves is asked.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.handoff import amended
from services.progress_api.domain.handoff.corrections import is_correction, persons
from services.progress_api.operations.handoff_packet import packed
from services.progress_api.operations.handoff_record import SHOWN, gathered_then
from services.progress_api.reactions import packet_amended
from shared.care import correction
from shared.care.automatic import derived_id
from shared.care.referral import HANDOFF
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.feed.status_given import is_at_once, said_by
from shared.fhir.errors import Conflict
from shared.fhir.search.reading import Reading
from shared.fhir.writer import write
from shared.server.interactions.update import content_of, same
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from services.progress_api.domain.handoff.handoff import Handoff
    from services.progress_api.operations.handoff_packet import Packet
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_CODE: Final = f"{HANDOFF['system']}|{HANDOFF['code']}"
_OPEN: Final = ",".join(sorted(packet_amended.OPEN))


async def handle(event: Event, effects: Effects) -> None:
    """Amend the packets of a person's open handoffs, where they tell something else now."""
    for patient_id in await _whose(event, effects.tx):
        if await has_open_episode(effects.tx, patient_id):
            asked = (("patient", f"Patient/{patient_id}"), ("code", _CODE), ("status", _OPEN))
            for task in await find(effects.tx, "Task", *asked):
                await _follow(task.content, event, effects)


async def _whose(event: Event, tx: Transaction) -> list[str]:
    """Name whose packets a write may concern: nobody's, unless it corrects something."""
    after = content_of(await tx.read_version(event.key, event.version))
    before = content_of(await tx.read_version(event.key, event.version - 1))
    if event.key.type == "Bundle":
        return _document_s(after)
    if before is None or not is_correction(before, after):
        return []
    return persons((before, after), tx.bases)


def _document_s(document: JsonObject | None) -> list[str]:
    entries = document.get("entry", ()) if document and packet_amended.concerns(document) else ()
    resources = (each.get("resource", {}) for each in entries)
    return [str(e["id"]) for e in resources if e.get("resourceType") == "Patient"][:1]


async def _follow(task: JsonObject, event: Event, effects: Effects) -> None:
    tx = effects.tx
    stored = await fetch(tx, Key("Bundle", derived_id(amended.cause_of(task) or "", "document")))
    handoff = await _handoff(task, stored, tx) if stored else None
    if stored is None or handoff is None:
        return
    texts = Reading(tx.zone, tx.bases, handoff.now)
    # All that went into it was written before the packet was.
    first = await tx.read_version(stored.key, 1) or stored.version
    record, corrected = await gathered_then(tx, handoff, texts, first.updated)
    lapsed = amended.replaced(amended.referral_in(stored.content))
    # Of whom nothing may be told any more, a person was asked already.
    with suppress(Conflict):
        packet = await packed(tx, handoff, record, lapsed)
        sources = sorted({*corrected, f"{event.key}/_history/{event.version}"})
        await _write(packet, stored, handoff, sources, effects)


async def _handoff(task: JsonObject, stored: Found, tx: Transaction) -> Handoff | None:
    cause = amended.cause_of(task) or ""
    episode = await fetch(tx, Key("EpisodeOfCare", cause.split("/")[1] if "/" in cause else ""))
    # What somebody has made of the Bundle may be no document any more.
    if episode is None or stored.content["type"] != "document":
        return None
    return amended.handoff_told(task, episode.content, stored.content, tx.zone)


async def _write(
    packet: Packet, stored: Found, handoff: Handoff, sources: list[str], effects: Effects
) -> None:
    document = amended.as_amended(packet.document)
    if same(_told(document), _told(amended.as_amended(stored.content))):
        return
    if not await _is_as_we_wrote(stored, effects.tx):
        await _ask(stored, handoff, sources[0], effects)
        return
    # Each by itself: who changes the plan meanwhile keeps nothing from the packet, and who changes
    # the packet leads here again by their own event.
    for resource, number in [
        (document, stored.number),
        *await _planned(packet.aftercare, effects.tx),
    ]:
        body = amended.writing(resource, number, sources, instant(effects.now))
        purpose = f"amended/{resource['id']}/{number}"
        await effects.send("intake", "POST", "", body=write(body), purpose=purpose)


async def _planned(plan: JsonObject | None, tx: Transaction) -> list[tuple[JsonObject, int]]:
    """Give the plan of the aftercare, where it is still the draft that goes along."""
    kept = await fetch(tx, Key("CarePlan", plan["id"])) if plan else None
    if plan is None or kept is None or kept.content["status"] != "draft":
        return []
    is_another = not same(kept.content, plan)
    return [(plan, kept.number)] if is_another and await _is_as_we_wrote(kept, tx) else []


async def _is_as_we_wrote(found: Found, tx: Transaction) -> bool:
    """Tell whether nobody has changed what $handoff, or this policy, wrote."""
    if found.number == 1:
        return True
    said = await said_by(amended.POLICY, found.reference, tx)
    before = await tx.read_version(found.key, found.number - 1)
    return any(is_at_once(each.version, found.version, before) for each in said)


async def _ask(stored: Found, handoff: Handoff, ground: str, effects: Effects) -> None:
    """Ask the clinician once, whose words the packet has."""
    person: dict[str, Any] = {"reference": handoff.patient}
    acted = correction.Acted(stored.reference, person, handoff.clinician, ground)
    task = correction.review(acted, instant(effects.now))
    if await effects.tx.read(Key("Task", task["id"])) is None:
        path, purpose = f"Task/{task['id']}", f"packet-review/{stored.key.id}"
        await effects.send("intake", "PUT", path, body=write(task), purpose=purpose)


def _told(document: JsonObject) -> JsonObject:
    return {"entry": document["entry"], "security": document["meta"].get("security")}


def concerns(written: JsonObject) -> bool:
    """Tell whether a version may correct what one before it has told."""
    if written["resourceType"] == "Bundle":
        return packet_amended.concerns(written)
    return bool(written["meta"]["versionId"] != "1")


REACTION: Final = Reaction(
    "packet_corrected", frozenset({*SHOWN, "Bundle"} - {"Consent"}), handle, concerns
)
