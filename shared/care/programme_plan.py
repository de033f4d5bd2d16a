"""The care plans that are ours to follow: those that claim our profile.

Plans that partners keep for themselves are stored as they come, and start nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.canonical import profile
from shared.care.subject import patient_of
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.care.law import CareChange
    from shared.fhir.reader import JsonObject

PROFILE: Final = profile("stepdown-careplan")
_PLAN_API: Final = "Device/plan"
_ENDED: Final = frozenset({"completed", "revoked"})
_MAY_CHANGE: Final = frozenset({"status", "meta"})


def is_ours(plan: JsonObject) -> bool:
    """Tell whether a CarePlan claims our profile."""
    return PROFILE in plan.get("meta", {}).get("profile", ())


def is_in_force(plan: JsonObject) -> bool:
    """Tell whether a CarePlan is one of ours that people follow now."""
    return is_ours(plan) and plan.get("status") == "active" and plan.get("intent") != "proposal"


def goes_on_again(change: CareChange) -> bool:
    """Tell whether plan_api lets a plan that had ended go on as it was, because of a correction."""
    before, after = change.before, change.after
    if before is None or change.caller != _PLAN_API or before.get("status") not in _ENDED:
        return False
    return all(before.get(name) == after.get(name) for name in {*before, *after} - _MAY_CHANGE)


def activity_ids(plan: JsonObject, bases: tuple[str, ...]) -> list[str]:
    """Name the ServiceRequests here that the activities of a plan refer to."""
    referred = (each.get("reference", {}) for each in plan.get("activity", ()))
    return ids_of(referred, "ServiceRequest", bases)


def is_of_the_same(plan: JsonObject, request: JsonObject, bases: tuple[str, ...]) -> bool:
    """Tell whether an order is of the person whose plan refers to it."""
    return patient_of(request, "subject", bases) == patient_of(plan, "subject", bases)


def ids_of(
    references: Iterable[JsonObject], resource_type: str, bases: tuple[str, ...]
) -> list[str]:
    """Name the resources of one type here to which references lead, each once."""
    links = (parse_reference(str(each.get("reference", "")), bases) for each in references)
    here = (link for link in links if link.kind == "local" and link.type == resource_type)
    return list(dict.fromkeys(str(link.id) for link in here))
