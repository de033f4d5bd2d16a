"""A template applied to a person: the draft plan, with all that it consists of, in one Bundle.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import care_team, draft_plan, goals
from services.plan_api.domain.activities import service_requests
from services.plan_api.domain.application import canonical_of
from services.plan_api.domain.bundle import Seen, put, put_new, put_over, transaction
from services.plan_api.domain.narrative import narrative, title_of
from shared.care.automatic import Act
from shared.care.programme_plan import PROFILE
from shared.care.signed import signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.plan_api.domain.application import Application
    from shared.fhir.reader import JsonObject

_DESCRIPTION: Final = "Made from a template, for a clinician to adapt."


@dataclass(frozen=True, slots=True)
class Template:
    """A PlanDefinition of the record, as a versioned reference too, with what it names."""

    definition: JsonObject
    versioned: str
    activities: Mapping[str, JsonObject]


def bundle(
    template: Template,
    application: Application,
    *,
    conditions: Sequence[JsonObject],
    prepared: Seen | None,
) -> JsonObject:
    """Write the plan and its parts together, and who asked for them.

    :raises RuleViolation: when an action names a definition that is not there.
    """
    parts = _Parts(
        goals.goals(template.definition, conditions, application),
        service_requests(template.definition, template.activities, application),
        care_team.care_team(application),
    )
    plan = _plan(template.definition, application, parts, prepared)
    written = [*parts.goals, *parts.requests, parts.team]
    act = Act(
        targets=[f"{each['resourceType']}/{each['id']}" for each in (plan, *written)],
        sources=[template.versioned],
        recorded=application.recorded,
    )
    said = signed(application.asked_by, act) | {"id": application.id_for("applied")}
    first = put_over(prepared, plan) if prepared else put_new(plan)
    return transaction([first, *map(put, written), put(said)])


@dataclass(frozen=True, slots=True)
class _Parts:
    goals: list[JsonObject]
    requests: list[JsonObject]
    team: JsonObject


def _plan(
    definition: JsonObject, application: Application, parts: _Parts, prepared: Seen | None
) -> JsonObject:
    fresh: JsonObject = {"created": application.recorded}
    kept = prepared.content if prepared else fresh
    title = str(definition.get("title", "Care plan"))
    description = str(definition.get("description", _DESCRIPTION))
    addressed = [each for goal in parts.goals for each in goal.get("addresses", ())]
    plan = kept | {
        "resourceType": "CarePlan",
        "id": application.plan_id,
        "meta": kept.get("meta", {}) | {"profile": [PROFILE]},
        "text": narrative((f"{title}.", description), parts.requests),
        "instantiatesCanonical": [canonical_of(definition)],
        "status": "draft",
        "intent": "plan",
        "category": draft_plan.categories(),
        "title": title,
        "description": description,
        "subject": {"reference": application.patient},
        "period": _period(application, parts.requests),
        "author": {"reference": application.asked_by},
        "contributor": [{"reference": application.asked_by}],
        "careTeam": [_referring(parts.team)],
        "supportingInfo": [*kept.get("supportingInfo", ()), {"reference": application.episode}],
        "goal": [_referring(goal) for goal in parts.goals],
        "activity": [{"reference": referring_to(each)} for each in parts.requests],
        "addresses": [dict(each) for each in {e["reference"]: e for e in addressed}.values()],
        "encounter": {"reference": application.encounter} if application.encounter else None,
    }
    return {name: value for name, value in plan.items() if value}


def referring_to(request: JsonObject) -> JsonObject:
    """Refer to an order, by its name too."""
    return _referring(request) | {"display": title_of(request)}


def _referring(resource: JsonObject) -> JsonObject:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def _period(application: Application, requests: Sequence[JsonObject]) -> JsonObject:
    timings = (each.get("occurrenceTiming", {}) for each in requests)
    bounds = [each["repeat"]["boundsPeriod"] for each in timings if "repeat" in each]
    start = application.start.isoformat()
    # A plan ends with the last of its activities, and where one has no end it has none.
    if not bounds or any("end" not in each for each in bounds):
        return {"start": start}
    return {"start": start, "end": max(str(each["end"]) for each in bounds)}
