"""An inpatient stay ended: the person's draft plan is prepared, once for each stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import draft_plan
from shared.care.automatic import Act, provenance
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.store.version import Version


async def handle(event: Event, effects: Effects) -> None:
    """Prepare a draft plan where an inpatient stay of a person with an open episode ended."""
    stay = await effects.tx.read(event.key)
    encounter = content_of(stay)
    if stay is None or encounter is None or not draft_plan.ends_inpatient_stay(encounter):
        return
    patient_id = patient_of(encounter, "subject", effects.tx.bases)
    if patient_id is None or not await has_open_episode(effects.tx, patient_id):
        return
    key = Key("CarePlan", draft_plan.draft_plan_id(stay.key.id))
    # A plan that people have deleted stands as a deletion, and is not prepared again.
    if await effects.tx.read(key) is None:
        await _prepare(key, stay, patient_id, effects)


async def _prepare(key: Key, stay: Version, patient_id: str, effects: Effects) -> None:
    now = instant(effects.now)
    act = Act(
        targets=(str(key),),
        sources=(f"{stay.key}/_history/{stay.number}",),
        recorded=now,
    )
    said = Key("Provenance", effects.id_for("provenance"))
    plan = draft_plan.draft_plan(stay.key.id, patient_id, now)
    said_by = provenance(draft_plan.POLICY, act)
    await save(
        effects.tx,
        [
            Change(key, "PUT", None, plan, effects.now),
            Change(said, "PUT", None, said_by, effects.now),
        ],
    )


REACTION: Final = Reaction(
    "inpatient_encounter_finished",
    frozenset({"Encounter"}),
    handle,
    concerns=draft_plan.ends_inpatient_stay,
)
