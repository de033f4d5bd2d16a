"""A high suicide risk was stated: intake is asked for a safety Flag and a Task, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain import suicide_risk
from services.progress_api.domain.suicide_risk import Cause
from services.progress_api.following import is_followed
from shared.feed.reaction import Reaction
from shared.fhir.writer import write
from shared.server.interactions.update import content_of
from shared.store.version import instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.store.transaction import Transaction
    from shared.store.version import Version


async def handle(event: Event, effects: Effects) -> None:
    """Raise the alert of what this version states, even where a later one takes it back."""
    stated = await effects.tx.read_version(event.key, event.version)
    patient_id = person_at_high_risk(stated, effects.tx)
    if stated is None or patient_id is None:
        return
    if await is_followed(effects.tx, patient_id, effects.now):
        first = await first_stated(stated, patient_id, effects.tx)
        certain = suicide_risk.is_certain(content_of(first) or {})
        cause = Cause(event.key.id, first.number, patient_id, instant(first.updated), certain)
        bundle = write(suicide_risk.alert(cause))
        await effects.send("intake", "POST", "", body=bundle, purpose="suicide-risk-high")


async def first_stated(stated: Version, patient_id: str, tx: Transaction) -> Version:
    """Go back to where the same risk of the same person was first stated without a break."""
    while stated.number > 1:
        before = await tx.read_version(stated.key, stated.number - 1)
        if before is None or person_at_high_risk(before, tx) != patient_id:
            break
        stated = before
    return stated


def person_at_high_risk(version: Version | None, tx: Transaction) -> str | None:
    """Name the person of whom a version states a high risk, if it does."""
    observation = content_of(version)
    if observation is None:
        return None
    return suicide_risk.person_at_high_risk(observation, tx.bases)


REACTION: Final = Reaction(
    "suicide_risk_high",
    frozenset({"Observation"}),
    handle,
    concerns=suicide_risk.states_high_risk,
)
