"""The one table of laws: every rule of care that every write is held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care import appointment, care_plan

if TYPE_CHECKING:
    from shared.care.law import CareChange, Law
    from shared.fhir.errors import Issue

LAWS: Final[tuple[Law, ...]] = (*care_plan.LAWS, *appointment.LAWS)
LAWFUL_TYPES: Final = frozenset(law.type for law in LAWS)


def broken_laws(resource_type: str, change: CareChange) -> list[Issue]:
    """List everything that the laws of a type refuse in a change."""
    return [issue for law in LAWS if law.type == resource_type for issue in law.rule(change)]
