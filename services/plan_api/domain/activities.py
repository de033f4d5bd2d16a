"""The actions of a PlanDefinition, as one person's orders.

https://hl7.org/fhir/R4/plandefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.application import canonical_of, last_day
from shared.fhir.errors import RuleViolation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from services.plan_api.domain.application import Application
    from shared.fhir.reader import JsonObject

_TIMES: Final = {"timingDateTime": "occurrenceDateTime", "timingPeriod": "occurrencePeriod"}


def definitions_wanted(definition: JsonObject) -> list[str]:
    """List the canonical addresses that the actions of a PlanDefinition name."""
    named = (each.get("definitionCanonical") for _, each in _actions(definition))
    return list(dict.fromkeys(each for each in named if each))


def service_requests(
    definition: JsonObject, activities: Mapping[str, JsonObject], application: Application
) -> list[JsonObject]:
    """Write a draft order for each action; `activities` are its definitions by address.

    :raises RuleViolation: when an action names a definition that is not there.
    """
    return [
        _service_request(key, action, _definition_of(action, activities), application)
        for key, action in _actions(definition)
        if action.get("requiredBehavior") != "could"
    ]


def _actions(element: JsonObject, prefix: str = "") -> Iterator[tuple[str, JsonObject]]:
    for i, action in enumerate(element.get("action", ())):
        key = f"{prefix}{action.get('id', i)}"
        if "action" in action:
            yield from _actions(action, f"{key}/")
        else:
            yield key, action


def _definition_of(action: JsonObject, activities: Mapping[str, JsonObject]) -> JsonObject:
    canonical = action.get("definitionCanonical")
    if canonical is None:
        return {}
    if canonical not in activities:
        raise RuleViolation(
            f"The PlanDefinition names {canonical}, which is no ActivityDefinition here.",
            expression="PlanDefinition.action.definitionCanonical",
        )
    return activities[canonical]


def _service_request(
    key: str, action: JsonObject, activity: JsonObject, application: Application
) -> JsonObject:
    request = {
        "resourceType": "ServiceRequest",
        "id": application.id_for(f"activity/{key}"),
        "status": "draft",
        "intent": "order",
        "code": _code(action, activity),
        "subject": {"reference": application.patient},
        **_occurrence(action, application.start),
        "authoredOn": application.recorded,
        "requester": {"reference": application.asked_by},
    }
    said = action.get("description") or activity.get("usage")
    optional = {
        "instantiatesCanonical": [canonical_of(activity)] if activity else None,
        "category": activity.get("topic"),
        "encounter": _reference(application.encounter),
        "performer": [{"reference": application.practitioner}]
        if application.practitioner
        else None,
        "note": [{"text": said}] if said else None,
    }
    return request | {name: value for name, value in optional.items() if value}


def _code(action: JsonObject, activity: JsonObject) -> JsonObject:
    if "code" in activity:
        return dict(activity["code"])
    title = activity.get("title") or action.get("title") or "Activity"
    return next(iter(action.get("code", ())), {"text": title})


def _occurrence(action: JsonObject, start: date) -> JsonObject:
    timing = action.get("timingTiming")
    if timing is not None:
        return {"occurrenceTiming": _from_day(timing, start)}
    for name, occurrence in _TIMES.items():
        if name in action:
            return {occurrence: action[name]}
    return {"asNeededBoolean": True}


def _from_day(timing: JsonObject, start: date) -> JsonObject:
    """Let a regular activity begin on a day, and end when its template says."""
    repeat = dict(timing.get("repeat", {}))
    if "boundsPeriod" in repeat:
        return timing
    last = last_day(start, repeat.pop("boundsDuration", {}))
    end = {"end": last.isoformat()} if last else {}
    return timing | {"repeat": {"boundsPeriod": {"start": start.isoformat()} | end} | repeat}


def _reference(text: str | None) -> JsonObject | None:
    return {"reference": text} if text else None
