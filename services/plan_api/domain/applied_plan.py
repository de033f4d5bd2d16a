"""A template applied to a person: the draft plan, with all that it consists of, in one Bundle.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.plan_api.domain import (
    audience,
    care_team,
    draft_plan,
    goals,
    plan_page,
    preferences,
    signing,
)
from services.plan_api.domain import unmet as unmet_parts
from services.plan_api.domain.activities import ordered
from services.plan_api.domain.application import canonical_of, description_in, title_in
from services.plan_api.domain.bundle import Seen, put, put_new, put_over, transaction
from services.plan_api.domain.narrative import title_of
from services.plan_api.domain.periodic_review import INTERVAL
from services.plan_api.domain.plan_page import Parts
from services.plan_api.domain.signing import Draft
from shared.care.automatic import Act
from shared.care.programme_plan import PROFILE
from shared.care.required_hours import HOURS_POLICY
from shared.care.signed import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.plan_api.domain.activities import Ordered, Template
    from services.plan_api.domain.application import Application
    from services.plan_api.domain.needs import Known
    from services.plan_api.domain.unmet import Unmet
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Prepared:
    """The draft that was prepared when an inpatient stay ended, and its team where it has one."""

    plan: Seen
    team: Seen | None


@dataclass(frozen=True, slots=True)
class _Parts:
    goals: list[JsonObject]
    ordered: Ordered
    team: JsonObject
    unmet: list[Unmet]

    @property
    def written(self) -> list[JsonObject]:
        return [*self.goals, *self.ordered.requests, *self.ordered.tasks, self.team]


def bundle(
    template: Template,
    application: Application,
    *,
    known: Known,
    prepared: Prepared | None,
) -> JsonObject:
    """Write the plan and its parts together, and who asked for them.

    :raises RuleViolation: when an action names a definition that is not there.
    """
    definition = goals.meant_for(template.definition, known, application.start)
    template = replace(template, definition=definition)
    actions = [action for _, action in template.actions]
    before = prepared.team if prepared else None
    team = care_team.care_team(application, actions, known)
    orders = ordered(template, application, known)
    parts = _Parts(
        goals.goals(definition, known.conditions, application),
        orders,
        care_team.taken_over(before.content, team) if before else team,
        [*audience.not_meant_for(definition, known.patient, application.start), *orders.unmet],
    )
    plan = _plan(definition, application, parts, prepared.plan if prepared else None)
    named = Parts(parts.goals, parts.ordered.requests, parts.ordered.tasks, [parts.team])
    text = plan_page.page(plan, known, named, day=application.start, zone=application.zone)
    plan |= {"text": text}
    draft = Draft(plan, parts.ordered.requests, [parts.team])
    written = [*parts.written, *signing.asked(draft, application.recorded)]
    act = Act(
        targets=[f"{each['resourceType']}/{each['id']}" for each in (plan, *written)],
        sources=[template.versioned],
        recorded=application.recorded,
    )
    said = signed(application.asked_by, act) | {"id": application.id_for("applied")}
    first = put_over(prepared.plan, plan) if prepared else put_new(plan)
    entries = [
        put_over(before, each) if before and each is parts.team else put(each) for each in written
    ]
    return transaction([first, *entries, put(said)])


def _plan(
    definition: JsonObject,
    application: Application,
    parts: _Parts,
    prepared: Seen | None,
) -> JsonObject:
    fresh: JsonObject = {"created": application.recorded}
    kept = prepared.content if prepared else fresh
    orders, unmet = parts.ordered, parts.unmet
    addressed = [each for goal in parts.goals for each in goal.get("addresses", ())]
    plan = kept | {
        "resourceType": "CarePlan",
        "id": application.plan_id,
        "meta": kept.get("meta", {}) | {"profile": [PROFILE]},
        "extension": [
            *kept.get("extension", ()),
            *_policies(definition),
            *preferences.extensions(application.preferences),
            *map(unmet_parts.extension, unmet),
        ],
        "instantiatesCanonical": [canonical_of(definition)],
        "status": "draft",
        "intent": "plan",
        "category": draft_plan.categories(),
        "title": title_in(definition),
        "description": description_in(definition),
        "subject": {"reference": application.patient},
        "period": _period(application, orders.requests),
        "author": {"reference": application.asked_by},
        "contributor": [{"reference": application.asked_by}],
        "careTeam": [_referring(parts.team)],
        "supportingInfo": [*kept.get("supportingInfo", ()), {"reference": application.episode}],
        "goal": [_referring(goal) for goal in parts.goals],
        "activity": [
            *({"reference": referring_to(each)} for each in (*orders.requests, *orders.tasks))
        ],
        "addresses": [dict(each) for each in {e["reference"]: e for e in addressed}.values()],
        "encounter": {"reference": application.encounter} if application.encounter else None,
        "note": [*kept.get("note", ()), *map(unmet_parts.note, unmet)],
    }
    return {name: value for name, value in plan.items() if value}


def referring_to(request: JsonObject) -> JsonObject:
    """Refer to an order, by its name too."""
    return _referring(request) | {"display": title_of(request)}


def _policies(definition: JsonObject) -> list[JsonObject]:
    said = definition.get("extension", ())
    return [each for each in said if each.get("url") in {HOURS_POLICY, INTERVAL}]


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
