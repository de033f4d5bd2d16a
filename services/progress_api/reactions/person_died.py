"""A person has died: no reminder to them goes out any more, unless it was told in error.

Nor does one that is written afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care import correction
from shared.care.automatic import Act, Policy, provenance
from shared.care.death import DIED, is_dead, resumed
from shared.care.merge import may_merge
from shared.care.subject import patient_of
from shared.feed.deaths import deaths_told, has_died
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

POLICY: Final = Policy("no-reminder-to-the-dead", "1.0", "Takes back what would be sent")
_MANY: Final = 1000
_PENDING: Final = {
    "CommunicationRequest": ("draft,active,on-hold", "revoked"),
    "Communication": ("preparation,on-hold", "stopped"),
}


async def handle(event: Event, effects: Effects) -> None:
    """Take back what has not been sent to a person who was in care here, once."""
    if event.key.type != "Patient":
        await _stop(event, effects)
        return
    for told in await deaths_told(event, effects.tx):
        person = told.person
        if not await find(effects.tx, "EpisodeOfCare", person.criterion):
            continue
        if told.has_died:
            await _write(POLICY, await _stopped(person, effects), person, event, effects)
        else:
            again = await _resumed(person, effects)
            await _write(correction.POLICY, again, person, event, effects)


async def _stop(event: Event, effects: Effects) -> None:
    """Take back what is written to a person who has died; others may be told of them."""
    tx = effects.tx
    message = await fetch(tx, event.key)
    patient_id = _sent_to(message.content, tx.bases) if message else None
    if message is None or patient_id is None or not concerns(message.content):
        return
    person = await one_person(tx, patient_id)
    in_care = await find(tx, "EpisodeOfCare", person.criterion)
    if in_care and await has_died(person, tx):
        await _write(POLICY, [_stopped_one(message, effects)], person, event, effects)


def _sent_to(message: JsonObject, bases: tuple[str, ...]) -> str | None:
    """Name the one person whom a message is for: whom it is about where it does not say."""
    recipients = message.get("recipient", [message.get("subject", {})])
    return patient_of({"to": recipients[0]}, "to", bases) if len(recipients) == 1 else None


async def _stopped(person: OnePerson, effects: Effects) -> list[Change]:
    return [
        _stopped_one(each, effects)
        for resource_type, (pending, _) in _PENDING.items()
        for each in await _messages(resource_type, pending, person, effects.tx)
    ]


def _stopped_one(message: Found, effects: Effects) -> Change:
    ended = {"status": _PENDING[message.key.type][1], "statusReason": {"text": DIED}}
    return _change(message, message.content | ended, effects)


async def _resumed(person: OnePerson, effects: Effects) -> list[Change]:
    """Let go out after all what a death had stopped that was told in error."""
    found = [
        each
        for resource_type, (_, ended) in _PENDING.items()
        for each in await _messages(resource_type, ended, person, effects.tx)
    ]
    decided = [(each, resumed(each.content, await _earlier(each, effects))) for each in found]
    return [_change(each, after, effects) for each, after in decided if after is not None]


async def _messages(
    resource_type: str, status: str, person: OnePerson, tx: Transaction
) -> list[Found]:
    """Find what is about a person, or for them alone."""
    asked = ("status", status)
    about = await find(tx, resource_type, person.criterion, asked)
    sent = await find(tx, resource_type, ("recipient", person.references), asked)
    alone = [each for each in sent if _sent_to(each.content, tx.bases) in person.ids]
    return list({each.key: each for each in (*about, *alone)}.values())


async def _earlier(found: Found, effects: Effects) -> list[JsonObject]:
    versions = await effects.tx.history(found.key, before=None, limit=_MANY)
    return [content for each in versions if (content := content_of(each)) is not None]


def _change(found: Found, after: JsonObject, effects: Effects) -> Change:
    return Change(found.key, "PUT", found.version, after, effects.now)


async def _write(
    policy: Policy, changes: list[Change], person: OnePerson, event: Event, effects: Effects
) -> None:
    if changes:
        targets = [str(change.key) for change in changes]
        sources = (f"{event.key}/_history/{event.version}",)
        act = Act(targets, sources, instant(effects.now), activity="UPDATE")
        said = Key("Provenance", effects.id_for(f"no-reminder-to-the-dead/{person.survivor}"))
        said_by = provenance(policy, act)
        await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may tell of a death, take one back, or is still to be sent."""
    if written["resourceType"] == "Patient":
        return is_dead(written) or may_merge(written)
    return written.get("status") in _PENDING[written["resourceType"]][0].split(",")


REACTION: Final = Reaction("person_died", frozenset({"Patient", *_PENDING}), handle, concerns)
