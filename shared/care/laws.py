"""The one table of laws: every rule of care that every write is held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care import (
    admission_decision,
    appointment,
    attendance_told,
    booking,
    capacity,
    care_plan,
    episode,
    judgement,
    licensed_level,
    minors,
    places,
    plan_activation,
    referral,
    transfer_document,
)
from shared.care.law import NOTHING_FOUND

if TYPE_CHECKING:
    from shared.care.law import CareChange, Law, Need
    from shared.fhir.errors import Issue

LAWS: Final[tuple[Law, ...]] = (
    *care_plan.LAWS,
    *plan_activation.LAWS,
    *appointment.LAWS,
    *attendance_told.LAWS,
    *booking.LAWS,
    *capacity.LAWS,
    *referral.LAWS,
    *episode.LAWS,
    *places.LAWS,
    *minors.LAWS,
    *admission_decision.LAWS,
    *licensed_level.LAWS,
    *judgement.LAWS,
    *transfer_document.LAWS,
)
LAWFUL_TYPES: Final = frozenset(law.type for law in LAWS)


def broken_laws(resource_type: str, change: CareChange) -> list[Issue]:
    """List everything that the laws refuse in a change, of those that need nothing else."""
    return [
        issue
        for law in _laws_of(resource_type)
        if not law.needs(change)
        for issue in law.rule(change, NOTHING_FOUND)
    ]


def needing_laws(resource_type: str, change: CareChange) -> list[tuple[Law, tuple[Need, ...]]]:
    """List the laws that must see more than the change, each with what it needs."""
    asked = ((law, law.needs(change)) for law in _laws_of(resource_type))
    return [(law, needs) for law, needs in asked if needs]


def _laws_of(resource_type: str) -> list[Law]:
    return [law for law in LAWS if law.type == resource_type]
