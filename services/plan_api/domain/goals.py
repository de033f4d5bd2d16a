"""The goals of a PlanDefinition, as one person's Goals.

https://hl7.org/fhir/R4/goal.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.application import last_day
from services.plan_api.domain.needs import is_kind_of, is_lacking
from services.plan_api.templates.catalogue import SKILLS, skill_goal
from shared.care.canonical import profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.plan_api.domain.application import Application
    from services.plan_api.domain.needs import Known
    from shared.fhir.reader import JsonObject

_PERTAINS: Final = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
_NEEDS: Final = profile("goal-needs")


def meant_for(definition: JsonObject, known: Known, day: date) -> JsonObject:
    """Leave out of a PlanDefinition the goals that need what the record of a person lacks.

    The instrument of such a goal is asked only of those who have the condition.
    """
    kept = [each for each in definition.get("goal", ()) if _is_meant(each, known, day)]
    return definition | {"goal": kept}


def goals(
    definition: JsonObject, conditions: Sequence[JsonObject], application: Application
) -> list[JsonObject]:
    """Write a proposed Goal for each goal, about those of the person's conditions it is for.

    Each skill that was chosen is a goal of its own.
    """
    skills = [skill_goal(e) for e in application.preferences.many("skill") if e in SKILLS]
    return [
        _goal(str(goal.get("id", i)), goal, conditions, application)
        for i, goal in enumerate((*definition.get("goal", ()), *skills))
    ]


def pertaining(action: JsonObject, definition: JsonObject, application: Application) -> JsonObject:
    """Say which Goals an activity is for."""
    present = {goal.get("id") for goal in definition.get("goal", ())}
    named = [each for each in action.get("goalId", ()) if each in present]
    references = ({"reference": f"Goal/{application.id_for(f'goal/{each}')}"} for each in named)
    found = [{"url": _PERTAINS, "valueReference": each} for each in references]
    return {"extension": found} if found else {}


def _is_meant(goal: JsonObject, known: Known, day: date) -> bool:
    told = (each for each in goal.get("extension", ()) if each.get("url") == _NEEDS)
    needed = (each["valueDataRequirement"] for each in told if "valueDataRequirement" in each)
    return not any(is_lacking(each, known, day) for each in needed)


def _goal(
    key: str, goal: JsonObject, conditions: Sequence[JsonObject], application: Application
) -> JsonObject:
    meant = [each for each in conditions if _is_addressed(goal, each)]
    written = {
        "resourceType": "Goal",
        "id": application.id_for(f"goal/{key}"),
        "lifecycleStatus": "proposed",
        "description": goal["description"],
        "subject": {"reference": application.patient},
        "startDate": application.start.isoformat(),
    }
    optional = {
        "category": [goal["category"]] if "category" in goal else None,
        "priority": goal.get("priority"),
        "target": [_target(each, application.start) for each in goal.get("target", ())],
        "addresses": [{"reference": f"Condition/{each['id']}"} for each in meant],
    }
    return written | {name: value for name, value in optional.items() if value}


def _target(target: JsonObject, start: date) -> JsonObject:
    last = last_day(start, target.get("due", {}))
    kept = {name: value for name, value in target.items() if name != "due"}
    return kept | ({"dueDate": last.isoformat()} if last else {})


def _is_addressed(goal: JsonObject, condition: JsonObject) -> bool:
    codings = condition.get("code", {}).get("coding", ())
    meant = [each for concept in goal.get("addresses", ()) for each in concept.get("coding", ())]
    return any(is_kind_of(coding, each) for coding in codings for each in meant)
