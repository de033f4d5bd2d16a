"""The plan of what goes on after the programme: a CarePlan of its own, named after its handoff.

It does not claim our profile: nothing of the programme is booked or signed by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.automatic import derived_id
from shared.care.canonical import CAUSE, code_system
from shared.care.consent import is_given, is_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

CATEGORY: Final = {
    "system": code_system("plan-category"),
    "code": "aftercare",
    "display": "Aftercare plan",
}
_TREATMENT: Final = "treatment"
# What a search for such plans asks.
CRITERION: Final = ("category", f"{CATEGORY['system']}|{CATEGORY['code']}")


def is_refused(consents: Iterable[JsonObject]) -> bool:
    """Tell whether a person takes back their consent to treatment, and has given no other.

    One that only runs out takes nothing back: it is asked for again.
    """
    told = [each for each in consents if is_of(each, _TREATMENT)]
    said = [each for each in told if each["status"] in {"active", "inactive", "rejected"}]
    return bool(said) and not any(map(is_given, said))


def plan_id(handoff: str) -> str:
    """Derive the id of the plan that a handoff makes."""
    return derived_id(handoff, "aftercare-plan")


def is_aftercare(plan: JsonObject) -> bool:
    """Tell whether a CarePlan is of the aftercare, as a handoff made it."""
    codings = (code for each in plan.get("category", ()) for code in each.get("coding", ()))
    is_meant = any(
        (each.get("system"), each.get("code")) == (CATEGORY["system"], CATEGORY["code"])
        for each in codings
    )
    return is_meant and handoff_of(plan) is not None


def handoff_of(plan: JsonObject) -> str | None:
    """Name the handoff that made a plan; None where none of ours did."""
    told = (each for each in plan.get("identifier", ()) if each.get("system") == CAUSE)
    causes = (str(each.get("value", "")) for each in told)
    return next((each for each in causes if plan_id(each) == plan.get("id")), None)


def task_of(plan: JsonObject) -> str:
    """Name the Task by which the clinic was asked."""
    return derived_id(handoff_of(plan) or "", "task")


def episode_of(plan: JsonObject) -> str | None:
    """Give the id of the episode that a plan goes on after."""
    match (handoff_of(plan) or "").split("/"):
        case ["EpisodeOfCare", episode_id, "handoff", _]:
            return episode_id
        case _:
            return None
