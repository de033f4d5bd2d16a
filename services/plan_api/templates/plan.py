"""A template from its short form: what a clinician begins with, and adapts to the person.

https://hl7.org/fhir/R4/plandefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.templates.data import UCUM, extension, file, headed, told, weeks
from services.plan_api.templates.services import DATA, SERVICES, offered
from shared.care.canonical import CANONICAL, code_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.reader import JsonObject

_TYPE: Final = "http://terminology.hl7.org/CodeSystem/plan-definition-type"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/goal-category"
_AGE: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/usage-context-type",
    "code": "age",
}
_PATIENT: Final = {"system": "http://hl7.org/fhir/resource-types", "code": "Patient"}
_TEAM_ROLE: Final = code_system("team-role")
_GOALS: Final = file("goals.json")
_DATE: Final = "2026-11-22"


def plan_definition(name: str) -> JsonObject:
    """Write the template that a file tells."""
    said = file(f"{name}.json")
    actions = [_action(each, said) for each in said["actions"]]
    present = {each["id"] for each in actions}
    more = [offer(each) for each in SERVICES.values() if each["id"] not in present]
    return headed("PlanDefinition", said["id"], said["version"]) | {
        "extension": [*map(_hours, said["hours"]), _review(said["review_days"])],
        "language": said["language"],
        "name": said["name"],
        "title": said["title"],
        "type": {"coding": [{"system": _TYPE, "code": "clinical-protocol"}]},
        "subjectCodeableConcept": {"coding": [_PATIENT], "text": said["audience"]},
        "date": _DATE,
        "useContext": [_of_age(said["ages"])],
        "description": said["description"],
        "purpose": "What a clinician begins with, and adapts to the person.",
        "relatedArtifact": [{"type": "derived-from", "citation": said["source"]}],
        "goal": [_goal(each, said["weeks"]) for each in said["goals"]],
        "action": [*actions, *more],
    }


def offer(service: JsonObject) -> JsonObject:
    """Write an action that is done only where it is asked for."""
    timing = offered(service)
    action = _ordered(service, ()) | {"requiredBehavior": "could"}
    return action | ({"timingTiming": timing} if timing else {})


def measured(said: Mapping[str, JsonObject]) -> JsonObject:
    """Write what is measured, and which value is aimed at."""
    unit = {"unit": said["unit"], "system": UCUM, "code": said["unit"]}
    quantity = {"value": said["value"], "comparator": said["comparator"]} | unit
    return {"measure": {"coding": [said["measure"]]}, "detailQuantity": quantity}


def _of_age(ages: Mapping[str, int]) -> JsonObject:
    unit = {"unit": "years", "system": UCUM, "code": "a"}
    return {"code": _AGE, "valueRange": {end: {"value": n} | unit for end, n in ages.items()}}


def _goal(goal_id: str, span: int) -> JsonObject:
    said = _GOALS["goals"][goal_id]
    about = [code for each in said["addresses"] for code in _GOALS["conditions"][each]]
    goal: JsonObject = {
        "id": goal_id,
        "category": {"coding": [{"system": _CATEGORY, "code": "behavioral"}]},
        "description": {"text": said["text"]},
        "target": [measured(said) | {"due": weeks(span)}],
    }
    if "needs" in said:
        needs = extension("goal-needs", valueDataRequirement=_GOALS["needs"][said["needs"]])
        goal |= {"extension": [needs]}
    return goal | ({"addresses": [{"coding": about}]} if about else {})


def _action(said: JsonObject, template: JsonObject) -> JsonObject:
    action = _ordered(SERVICES[said["service"]], said.get("needs", ()))
    action |= {"goalId": said["goals"], "requiredBehavior": "must"}
    if "days" not in said:
        return action
    tracks = template["tracks"]
    timings = {name: _timing(said, start, template) for name, start in tracks.items()}
    first, *others = timings
    alternatives = [
        told("track", code={"valueCode": each}, timing={"valueTiming": timings[each]})
        for each in others
    ]
    named = extension("track", valueCode=first)
    return action | {"extension": [named, *alternatives], "timingTiming": timings[first]}


def _ordered(service: JsonObject, more: tuple[str, ...]) -> JsonObject:
    needs = [*([service["needs"]] if "needs" in service else []), *more]
    optional = {
        "input": [DATA["needs"][each] for each in needs],
        "participant": [_participant(service["by"])] if "by" in service else None,
    }
    return {
        "id": service["id"],
        "title": service["title"],
        "definitionCanonical": (
            f"{CANONICAL}/ActivityDefinition/{service['id']}|{DATA['version']}"
        ),
    } | {name: value for name, value in optional.items() if value}


def _participant(role: str) -> JsonObject:
    return {"type": "practitioner", "role": {"coding": [{"system": _TEAM_ROLE, "code": role}]}}


def _timing(said: JsonObject, start: str, template: JsonObject) -> JsonObject:
    hour, minute = map(int, start.split(":"))
    begins = hour * 60 + minute + said["at"]
    repeat = {
        "boundsDuration": weeks(template["weeks"]),
        "frequency": len(said["days"]),
        "period": said["weeks"],
        "periodUnit": "wk",
        "duration": said["minutes"],
        "durationUnit": "min",
        "dayOfWeek": said["days"],
        "timeOfDay": [f"{begins // 60:02}:{begins % 60:02}:00"],
    }
    return {"repeat": repeat}


def _hours(said: JsonObject) -> JsonObject:
    least = {"value": said["minHoursPerWeek"], "unit": "h/wk", "system": UCUM, "code": "h/wk"}
    return told(
        "hours-policy",
        policy={"valueString": said["policy"]},
        minHoursPerWeek={"valueQuantity": least},
    )


def _review(days: int) -> JsonObject:
    span = {"value": days, "unit": "days", "system": UCUM, "code": "d"}
    return extension("review-interval", valueDuration=span)
