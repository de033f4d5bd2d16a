"""Laws of a care plan, which hold whoever writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.care.law import CareChange, Found, Law
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator


def subject_never_changes(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse to hand a plan to another person: a plan is revised, or replaced by a new one."""
    if change.before is None:
        return
    before, after = change.before.get("subject", {}), change.after.get("subject", {})
    if before.get("reference") != after.get("reference"):
        yield Issue(
            "error",
            "business-rule",
            "A CarePlan's subject never changes; write a new CarePlan for another person.",
            "CarePlan.subject",
        )


LAWS = (Law("CarePlan", subject_never_changes),)
