"""The goals of a PlanDefinition, as one person's Goals.

https://hl7.org/fhir/R4/goal.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.application import last_day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.plan_api.domain.application import Application
    from shared.fhir.reader import JsonObject

_ICD_10_CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"


def goals(
    definition: JsonObject, conditions: Sequence[JsonObject], application: Application
) -> list[JsonObject]:
    """Write a proposed Goal for each goal, about those of the person's conditions it is for."""
    return [
        _goal(str(goal.get("id", i)), goal, conditions, application)
        for i, goal in enumerate(definition.get("goal", ()))
    ]


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
    return any(_is_kind_of(coding, each) for coding in codings for each in meant)


def _is_kind_of(coding: JsonObject, meant: JsonObject) -> bool:
    if coding.get("system") != meant.get("system") or not {"code"} <= coding.keys() & meant.keys():
        return False
    # A code of ICD-10-CM holds all those that begin with it.
    if coding["system"] == _ICD_10_CM:
        return str(coding["code"]).startswith(str(meant["code"]))
    return bool(coding["code"] == meant["code"])
