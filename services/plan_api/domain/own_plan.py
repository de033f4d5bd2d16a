"""A plan of a person's own, made from its template: a draft that says what has been said so far.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from services.plan_api.domain import own_page
from services.plan_api.domain.application import canonical_of, title_in
from services.plan_api.domain.bundle import put, put_new, transaction
from services.plan_api.domain.draft_plan import categories
from services.plan_api.templates.own_plans import part
from shared.care.automatic import Act, derived_id
from shared.care.own_plans import KINDS, kind_of
from shared.care.signed import signed
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Trigger:
    """What can lead to a relapse (`Condition/7`), what is done about it, and who does it."""

    what: str
    named: str
    actions: Sequence[str]
    owner: str


@dataclass(frozen=True, slots=True)
class OwnPlan:
    """Whose plan it is, in which episode and by whom it is written, and what it says."""

    patient: str
    episode: str
    asked_by: str
    triggers: Sequence[Trigger]
    words: Mapping[str, Sequence[str]]
    review: date | None
    today: date
    zone: tzinfo
    recorded: str

    def id_for(self, definition: JsonObject) -> str:
        """Derive the id of the plan, the same for the same words."""
        said = [[asdict(each) for each in self.triggers], dict(self.words), str(self.review)]
        told = hashlib.sha256(canonical(said)).hexdigest()
        return derived_id(self.episode, f"own-plan/{canonical_of(definition)}/{told}")


def kind_made(definition: JsonObject) -> str | None:
    """Name which plan of a person's own a template is of; None for any other."""
    return kind_of({"category": definition.get("topic", ())})


def draft(definition: JsonObject, own: OwnPlan) -> JsonObject:
    """Write the draft: each part that the template names, with what was said of it."""
    told = KINDS[str(kind_made(definition))]
    plan = {
        "resourceType": "CarePlan",
        "id": own.id_for(definition),
        "instantiatesCanonical": [canonical_of(definition)],
        "status": "draft",
        "intent": "plan",
        "category": _categories(definition, told),
        "title": title_in(definition),
        "subject": {"reference": own.patient},
        "period": {"start": own.today.isoformat()},
        "created": own.recorded,
        "author": {"reference": own.asked_by},
        "contributor": [{"reference": own.asked_by}],
        "addresses": _triggers(own, "Condition"),
        "supportingInfo": [*_triggers(own, "Observation"), {"reference": own.episode}],
        "activity": [
            {"detail": each} for code in _codes(own, told) for each in _part(code, own, told)
        ],
    }
    plan |= {"text": own_page.page(plan, own.zone)}
    return {name: value for name, value in plan.items() if value}


def bundle(plan: JsonObject, own: OwnPlan, template: str) -> JsonObject:
    """Have the draft written where there is none, signed by who asked for it."""
    act = Act([f"CarePlan/{plan['id']}"], [template], own.recorded)
    said = signed(own.asked_by, act) | {"id": derived_id(f"CarePlan/{plan['id']}", "applied")}
    return transaction([put_new(plan), put(said)])


def _categories(definition: JsonObject, told: Mapping[str, Any]) -> list[JsonObject]:
    also = [{"coding": [told["also_coded"]]}] if "also_coded" in told else []
    [older_clients, *_] = categories()
    return [*definition["topic"], *also, older_clients]


def _triggers(own: OwnPlan, resource_type: str) -> list[JsonObject]:
    named = {each.what: each.named for each in own.triggers}
    return [
        {"reference": what, "display": words}
        for what, words in named.items()
        if what.startswith(f"{resource_type}/")
    ]


def _codes(own: OwnPlan, told: Mapping[str, Any]) -> list[str]:
    return [*told["parts"], *(each for each in own.words if each not in told["parts"])]


def _part(code: str, own: OwnPlan, told: Mapping[str, Any]) -> list[JsonObject]:
    empty: JsonObject = {"code": part(code), "status": "not-started"}
    said = [empty | {"description": each} for each in own.words.get(code, ())]
    if code == told.get("triggers_need"):
        said += [empty | each for each in _actions(own)]
    if code != told.get("review"):
        return said or [empty]
    day = own.review or own.today + timedelta(days=int(told["review_days"]))
    return [each | {"scheduledPeriod": {"end": day.isoformat()}} for each in said or [empty]]


def _actions(own: OwnPlan) -> list[JsonObject]:
    return [
        {
            "reasonReference": [{"reference": each.what, "display": each.named}],
            "performer": [{"reference": each.owner}],
            "description": action,
        }
        for each in own.triggers
        for action in each.actions
    ]
