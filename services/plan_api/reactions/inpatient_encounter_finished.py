"""An inpatient stay ended: a draft plan, a team and a first visit are prepared, once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import draft_plan, follow_up
from shared.care.automatic import Act, provenance
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.care.automatic import Policy
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
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
        await _prepare(key, stay, encounter, effects)


async def _prepare(key: Key, stay: Version, encounter: JsonObject, effects: Effects) -> None:
    now, source = instant(effects.now), f"{stay.key}/_history/{stay.number}"
    patient_id = patient_of(encounter, "subject", effects.tx.bases) or ""
    plan = draft_plan.draft_plan(stay.key.id, patient_id, now)
    plan |= {"careTeam": [{"reference": f"CareTeam/{follow_up.team_id(encounter)}"}]}
    others = follow_up.proposed(encounter, key.id, f"Patient/{patient_id}", effects.tx.zone)
    made = [Change(key, "PUT", None, plan, effects.now)]
    made += [
        Change(Key(each["resourceType"], each["id"]), "PUT", None, each, effects.now)
        for each in others
    ]
    said = [
        _said(draft_plan.POLICY, "provenance", Act([str(key)], [source], now), effects),
        _said(
            follow_up.POLICY,
            "follow-up",
            Act([str(each.key) for each in made[1:]], [source], now),
            effects,
        ),
    ]
    await save(effects.tx, [*made, *said])


def _said(policy: Policy, purpose: str, act: Act, effects: Effects) -> Change:
    key = Key("Provenance", effects.id_for(purpose))
    return Change(key, "PUT", None, provenance(policy, act), effects.now)


REACTION: Final = Reaction(
    "inpatient_encounter_finished",
    frozenset({"Encounter"}),
    handle,
    concerns=draft_plan.ends_inpatient_stay,
)
