"""What a packet tells turned out otherwise while its handoff is open: it is amended by itself.

It is written anew of what was known at the handoff, with what was corrected since as it is now,
with what is told late of the time before, and by the Consents in force: so that the order in which
all of it comes makes no difference. Whoever has worded a packet themselves is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.handoff import amended
from services.progress_api.domain.handoff.corrections import as_told
from services.progress_api.domain.handoff.document import ALONG
from services.progress_api.domain.handoff.policy import CLOCKS
from services.progress_api.domain.handoff.referral import begins_with
from services.progress_api.domain.handoff.written import Written
from services.progress_api.operations.handoff_packet import packed
from services.progress_api.operations.handoff_record import SHOWN, episode_then, gathered_then
from services.progress_api.reactions import packet_amended
from shared.care import correction
from shared.care.automatic import derived_id
from shared.care.merge import may_merge
from shared.care.referral import HANDOFF
from shared.care.subject import patient_of
from shared.feed.one_person import one_person, survivors
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
    from collections.abc import Sequence
    from datetime import datetime

    from services.progress_api.domain.handoff.handoff import Handoff
    from services.progress_api.operations.handoff_packet import Packet
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.reading import Reading as StoreReading
    from shared.store.transaction import Transaction

OPEN: Final = (
    ("code", f"{HANDOFF['system']}|{HANDOFF['code']}"),
    ("status", ",".join(sorted(packet_amended.OPEN))),
)


async def handle(event: Event, effects: Effects) -> None:
    """Amend the packets of a person's open handoffs, where they tell something else now."""
    written = await _written(event, effects.tx)
    if written is None:
        return
    ids = written.whose(effects.tx.bases)
    for person in dict.fromkeys([await one_person(effects.tx, each) for each in ids]):
        tasks = await find(effects.tx, "Task", person.criterion, *OPEN)
        if tasks and await has_open_episode(effects.tx, person.survivor):
            for task in tasks:
                await _follow(task.content, written, effects)


async def _written(event: Event, tx: Transaction) -> Written | None:
    after = await tx.read_version(event.key, event.version)
    before = as_told(content_of(await tx.read_version(event.key, event.version - 1)))
    name = f"{event.key}/_history/{event.version}"
    told = as_told(content_of(after))
    return None if after is None else Written(name, before, told, after.updated)


async def _follow(task: JsonObject, written: Written, effects: Effects) -> None:
    tx = effects.tx
    stored = await fetch(tx, Key("Bundle", derived_id(amended.cause_of(task) or "", "document")))
    handoff = await _handoff(task, stored, tx) if stored else None
    if stored is None or handoff is None:
        return
    texts = Reading(tx.zone, tx.bases, handoff.now)
    if not written.may_amend(handoff, texts):
        return
    record, learnt = await gathered_then(tx, handoff, texts)
    lapsed = amended.replaced(amended.referral_in(stored.content))
    try:
        packet = await packed(tx, handoff, record, lapsed=lapsed, now=effects.now)
    except Conflict:
        # Nothing may be told of the person any more, and no packet can say so.
        await _ask(stored, handoff, await _last_consent(handoff, tx) or written.reference, effects)
        return
    if written.is_first_packet:
        times = [each.version.updated for each in learnt]
        times += amended.along_since(packet.document, handoff.now).values()
        if not await _was_missed(times, handoff, written.updated, tx):
            return
    names = [each.versioned for each in learnt]
    names += amended.learnt_along(stored.content, packet.document, handoff.now)
    sources = amended.sources(names, written)
    await _begin_clocks(packet, handoff, sources, effects)
    await _write(packet, stored, handoff, sources, effects)


async def _was_missed(
    learnt: Sequence[datetime], handoff: Handoff, made: datetime, tx: Transaction
) -> bool:
    """Tell whether something was written while a packet was made; the rest has its own event."""
    given = await find(tx, "Consent", handoff.criterion)
    times = [*learnt, *(each.version.updated for each in given)]
    return any(handoff.now < each <= made for each in times)


async def _handoff(task: JsonObject, stored: Found, tx: Transaction) -> Handoff | None:
    cause = amended.cause_of(task) or ""
    episode = await fetch(tx, Key("EpisodeOfCare", cause.split("/")[1] if "/" in cause else ""))
    # What somebody has made of the Bundle may be no document any more.
    if episode is None or stored.content["type"] != "document":
        return None
    told = amended.handoff_told(task, episode.content, stored.content, tx.zone)
    if told is None:
        return None
    return replace(
        told,
        episode=await episode_then(tx, episode, told.now),
        also=(await one_person(tx, told.patient_id)).ids,
    )


async def _begin_clocks(
    packet: Packet, handoff: Handoff, sources: list[str], effects: Effects
) -> None:
    """Let the clocks begin with the visit that is the last one known; before the packet says so."""
    focus = begins_with(handoff, packet.last_visit)
    for each in CLOCKS:
        found = await fetch(effects.tx, Key("Task", handoff.id_of(each.code)))
        if found is not None and found.content.get("focus") != focus:
            body = amended.beginning(found.content, focus, sources, instant(effects.now))
            purpose = f"begins/{found.versioned}"
            await effects.send("intake", "POST", "", body=write(body), purpose=purpose)


async def _write(
    packet: Packet, stored: Found, handoff: Handoff, sources: list[str], effects: Effects
) -> None:
    document = amended.as_amended(packet.document)
    if amended.tells_as_much(stored.content, document):
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


async def _last_consent(handoff: Handoff, tx: Transaction) -> str | None:
    """Name what was last said of what may be told; a Consent that was deleted says nothing."""
    given = await find(tx, "Consent", handoff.criterion)
    last = max(given, key=lambda each: each.version.updated, default=None)
    return last.versioned if last else None


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
    said = [e for each in amended.POLICIES for e in await said_by(each, found.reference, tx)]
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


def concerns(written: JsonObject) -> bool:
    """Tell whether a version may be of a packet, or correct or permit what one tells."""
    if written["resourceType"] == "Bundle":
        return packet_amended.is_packet(written)
    if written["resourceType"] == "Patient":
        return may_merge(written)
    return bool(written["resourceType"] == "Consent" or written["meta"]["versionId"] != "1")


async def followed(reading: StoreReading, bases: tuple[str, ...]) -> set[str]:
    """Name who is being handed over: of anybody else nothing is told late."""
    tasks = await find(reading, "Task", *OPEN)
    ids = {patient_of(each.content, "for", bases) for each in tasks}
    return set(await survivors(reading, {each for each in ids if each}, bases))


async def look_again(key: Key, effects: Effects) -> None:
    """Amend a packet whose handoff is open, where what it names tells something else now."""
    tx = effects.tx
    stored = await fetch(tx, key)
    if stored is None or not packet_amended.is_packet(stored.content):
        return
    task = await packet_amended.open_task(stored.content, tx)
    patient_id = patient_of(task, "for", tx.bases) if task else None
    if task and patient_id and await has_open_episode(tx, patient_id):
        version = stored.version
        same_as_before = Written(stored.versioned, stored.content, stored.content, version.updated)
        await _follow(task, same_as_before, effects)


REACTION: Final = Reaction(
    "packet_corrected",
    frozenset({*SHOWN, *ALONG, "Bundle", "Patient", "RelatedPerson"}),
    handle,
    concerns,
    followed,
)
