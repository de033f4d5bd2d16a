"""The templates of plans that a person keeps for themselves: one action for each of their parts.

https://hl7.org/fhir/R4/plandefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.templates.catalogue import CODES
from services.plan_api.templates.data import headed
from shared.care.own_plans import CATEGORY, KINDS, PART, VERSION

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_TYPE: Final = "http://terminology.hl7.org/CodeSystem/plan-definition-type"
_WORDS: Final[dict[str, str]] = CODES["systems"]["plan-part"]["concepts"]
_TRIGGERS: Final = [{"type": "Condition"}, {"type": "Observation"}]


def own_plan_definition(kind: str) -> JsonObject:
    """Write the template of one of them; its topic is the category of the plans made of it."""
    told = KINDS[kind]
    coding = {"system": CATEGORY, "code": kind, "display": told["title"]}
    return headed("PlanDefinition", f"{kind.removesuffix('-plan')}-plan", VERSION) | {
        "language": "en",
        "name": told["title"].title().replace(" ", "").replace("-", ""),
        "title": told["title"],
        "type": {"coding": [{"system": _TYPE, "code": "clinical-protocol"}]},
        "description": told["description"],
        "purpose": "What a person keeps for themselves, in their own words.",
        "relatedArtifact": [{"type": "derived-from", "citation": told["source"]}],
        "topic": [{"coding": [coding], "text": told["title"]}],
        "action": [_action(each, told) for each in told["parts"]],
    }


def part(code: str) -> JsonObject:
    """Name a part of such a plan."""
    return {"coding": [{"system": PART, "code": code}], "text": _WORDS[code]}


def _action(code: str, told: JsonObject) -> JsonObject:
    action = {"id": code, "title": _WORDS[code], "code": [part(code)], "requiredBehavior": "must"}
    return action | ({"input": _TRIGGERS} if code == told.get("triggers_need") else {})
