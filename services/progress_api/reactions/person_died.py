"""A person has died: no reminder to them goes out any more, unless it was told in error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care import correction
from shared.care.automatic import Act, Policy, provenance
from shared.care.death import DIED, is_dead, resumed
from shared.care.merge import may_merge
from shared.feed.deaths import deaths_told
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found

POLICY: Final = Policy("no-reminder-to-the-dead", "1.0", "Takes back what would be sent")
_MANY: Final = 1000
_PENDING: Final = {
    "CommunicationRequest": ("draft,active,on-hold", "revoked"),
    "Communication": ("preparation,on-hold", "stopped"),
}


async def handle(event: Event, effects: Effects) -> None:
    """Take back what has not been sent to a person who was in care here, once."""
    for told in await deaths_told(event, effects.tx):
        person = told.person
        if not await find(effects.tx, "EpisodeOfCare", person.criterion):
            continue
        if told.has_died:
            await _write(POLICY, await _stopped(person, effects), person, event, effects)
        else:
            again = await _resumed(person, effects)
            await _write(correction.POLICY, again, person, event, effects)


async def _stopped(person: OnePerson, effects: Effects) -> list[Change]:
    return [
        _change(each, each.content | {"status": ended, "statusReason": {"text": DIED}}, effects)
        for resource_type, (pending, ended) in _PENDING.items()
        for each in await find(effects.tx, resource_type, person.criterion, ("status", pending))
    ]


async def _resumed(person: OnePerson, effects: Effects) -> list[Change]:
    """Let go out after all what a death had stopped that was told in error."""
    found = [
        each
        for resource_type, (_, ended) in _PENDING.items()
        for each in await find(effects.tx, resource_type, person.criterion, ("status", ended))
    ]
    decided = [(each, resumed(each.content, await _earlier(each, effects))) for each in found]
    return [_change(each, after, effects) for each, after in decided if after is not None]


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


def concerns(patient: JsonObject) -> bool:
    """Tell whether a write may tell of a death, or take one back."""
    return is_dead(patient) or may_merge(patient)


REACTION: Final = Reaction("person_died", frozenset({"Patient"}), handle, concerns)
