"""Laws of a care plan, which hold whoever writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.care.law import CareChange, Found, Law, Need
from shared.care.programme_plan import activity_ids, is_of_the_same, is_ours
from shared.fhir.errors import Issue
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator


def subject_never_changes(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse to hand a plan to another person: a plan is revised, or replaced by a new one."""
    if change.before is None:
        return
    before, after = change.before.get("subject", {}), change.after.get("subject", {})
    if _named(before.get("reference"), change) != _named(after.get("reference"), change):
        yield Issue(
            "error",
            "business-rule",
            "A CarePlan's subject never changes; write a new CarePlan for another person.",
            "CarePlan.subject",
        )


def orders_are_of_the_person(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse to take another person's orders into a plan, which would end and book them."""
    for request in found[0] if found else ():
        if not is_of_the_same(change.after, request, change.bases):
            yield Issue(
                "error",
                "business-rule",
                f"ServiceRequest/{request['id']} is not of the person whose CarePlan this is.",
                "CarePlan.activity",
            )


def _orders_taken_in(change: CareChange) -> tuple[Need, ...]:
    # What a plan held before can be left in it, so that it can still be ended.
    held = activity_ids(change.before or {}, change.bases)
    ids = [each for each in activity_ids(change.after, change.bases) if each not in held]
    asked = (Need("ServiceRequest", (("_id", ",".join(ids)),)),)
    return asked if ids and is_ours(change.after) else ()


def _named(reference: str | None, change: CareChange) -> tuple[str | None, ...]:
    link = parse_reference(reference or "", change.bases)
    return (link.type, link.id) if link.kind == "local" else (link.text,)


LAWS = (
    Law("CarePlan", subject_never_changes),
    Law("CarePlan", orders_are_of_the_person, _orders_taken_in),
)
