"""What a death had ended that was told in error: plans come into force again as they were.

Sessions to come are booked again where nobody has their time or place by now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import activation
from services.plan_api.domain.cohort import CAPACITY
from services.plan_api.scheduling import scheduled
from shared.care.appointment import holds, span_of
from shared.care.automatic import Policy
from shared.care.death import ENDS_CARE, resumed
from shared.care.episode import is_in_programme, is_programme
from shared.care.programme_plan import ids_of, is_in_force, is_ours
from shared.feed.status_given import status_given
from shared.fhir.dates import date_range
from shared.fhir.dates import instant as microseconds
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

POLICY: Final = Policy("plans-end-with-death", "1.0", "Ends plans and bookings of who has died")
_ENDED: Final = frozenset({"finished", "cancelled"})
_MANY: Final = 1000


async def going_on(person: OnePerson, effects: Effects) -> list[Change]:
    """Give a person's plans, and what was booked for them, as they go on."""
    tx = effects.tx
    waits = await _waits_for_the_programme(person, tx)
    plans = [] if waits else await _plans(person, tx)
    again = {each.reference for each, _ in plans}
    booked = [each for each in await _booked(person, effects) if await _may(each[0], again, tx)]
    changes = [_change(each, after, effects) for each, after in plans]
    return [*changes, *await _settled(booked, effects)]


async def has_ended_by_death(episode: Found, tx: Transaction) -> bool:
    """Tell whether an episode has ended because the person was said to have died."""
    if episode.content["status"] not in _ENDED:
        return False
    return await status_given(episode, ENDS_CARE, tx) is not None


async def _waits_for_the_programme(person: OnePerson, tx: Transaction) -> bool:
    """Tell whether a death still keeps a person out of the programme."""
    episodes = await find(tx, "EpisodeOfCare", person.criterion)
    if any(is_in_programme(each.content) for each in episodes):
        return False
    ours = (each for each in episodes if is_programme(each.content))
    return any([await has_ended_by_death(each, tx) for each in ours])


async def _plans(person: OnePerson, tx: Transaction) -> list[tuple[Found, JsonObject]]:
    """Find the plans that a death has ended; what people have changed since is left to them."""
    ended = await find(tx, "CarePlan", person.criterion, ("status", "completed,revoked"))
    followed = await find(tx, "CarePlan", person.criterion, ("status", "active"))
    has_another = any(is_in_force(each.content) for each in followed)
    found = []
    for each in ended:
        given = await status_given(each, POLICY, tx) if is_ours(each.content) else None
        if given is None:
            continue
        after = each.content | {"status": given.before["status"]}
        if not (has_another and is_in_force(after)):
            found.append((each, after))
    return found


async def _booked(person: OnePerson, effects: Effects) -> list[tuple[Found, JsonObject]]:
    tx = effects.tx
    found = await find(tx, "Appointment", person.criterion, ("status", "cancelled"))
    ahead = (each for each in found if _is_to_come(each.content, effects))
    decided = [(each, resumed(each.content, await _earlier(each, tx))) for each in ahead]
    return [(each, after) for each, after in decided if after is not None]


async def _may(appointment: Found, plans: set[str], tx: Transaction) -> bool:
    """Tell whether a session may be booked: those of a plan that stays ended are not."""
    named = ids_of(appointment.content.get("supportingInformation", ()), "CarePlan", tx.bases)
    for each in named:
        plan = await fetch(tx, Key("CarePlan", each))
        stays = plan is not None and is_ours(plan.content) and activation.is_over(plan.content)
        if stays and f"CarePlan/{each}" not in plans:
            return False
    return True


async def _settled(wanted: Sequence[tuple[Found, JsonObject]], effects: Effects) -> list[Change]:
    """Book what holds a time again, where it can be; anything else stands as before."""
    holding = {f.key.id: after for f, after in wanted if holds(after) and span_of(after)}
    found = await scheduled(effects.tx, list(holding.values()), CAPACITY)
    settled = {each["id"]: each for each in found.appointments}
    published = [
        Change(Key(each["resourceType"], each["id"]), "PUT", version, each, effects.now)
        for version, each in found.published
    ]
    booked = [_change(f, settled.get(f.key.id, after), effects) for f, after in wanted]
    return [*published, *booked]


async def _earlier(found: Found, tx: Transaction) -> list[JsonObject]:
    versions = await tx.history(found.key, before=None, limit=_MANY)
    return [content for each in versions if (content := content_of(each)) is not None]


def _is_to_come(appointment: JsonObject, effects: Effects) -> bool:
    """Tell whether something begins yet, or may: what is only proposed has no time, but days."""
    now, start = microseconds(effects.now), appointment.get("start")
    if start is not None:
        return date_range(start)[0] > now
    lasts = [each["end"] for each in appointment.get("requestedPeriod", ()) if "end" in each]
    return not lasts or any(date_range(each)[1] > now for each in lasts)


def _change(found: Found, after: JsonObject, effects: Effects) -> Change:
    return Change(found.key, "PUT", found.version, after, effects.now)
