"""The programme ended for a person: their plans end with it, once.

Orders end, and bookings and Tasks are called off, by the plan's own reactions, as for any plan
that is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import programme_end
from services.plan_api.episodes import programme_episode
from services.plan_api.going_on import has_ended_by_death
from shared.care.automatic import Act, provenance
from shared.care.subject import patient_of
from shared.feed.deaths import has_died
from shared.feed.one_person import one_person
from shared.feed.reaction import Reaction
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event

_OPEN: Final = "planned,waitlist,active,onhold"
_NOT_ENDED: Final = "draft,active,on-hold"


async def handle(event: Event, effects: Effects) -> None:
    """End the plans of a person who is in the programme no more."""
    episode = await fetch(effects.tx, event.key)
    if episode is None or not programme_end.has_ended(episode.content):
        return
    patient_id = str(patient_of(episode.content, "patient", effects.tx.bases))
    person = await one_person(effects.tx, patient_id)
    if await has_died(person, effects.tx) or await has_ended_by_death(episode, effects.tx):
        # It ends with the person's death then, which may be taken back.
        return
    if await programme_episode(effects.tx, person, _OPEN) is not None:
        return
    plans = await find(effects.tx, "CarePlan", person.criterion, ("status", _NOT_ENDED))
    changes = [
        Change(each.key, "PUT", each.version, ended, effects.now)
        for each in plans
        if (ended := programme_end.ended_plan(each.content)) is not None
    ]
    if changes:
        act = Act(
            targets=[str(change.key) for change in changes],
            sources=[episode.versioned],
            recorded=instant(effects.now),
            activity="UPDATE",
        )
        said = Key("Provenance", effects.id_for("plans-end"))
        said_by = provenance(programme_end.POLICY, act)
        await save(effects.tx, [*changes, Change(said, "PUT", None, said_by, effects.now)])


REACTION: Final = Reaction(
    "programme_ended", frozenset({"EpisodeOfCare"}), handle, programme_end.has_ended
)
