"""The Observation of the risk that answers come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.completed_response import concept, observation_of
from services.progress_api.domain.contradiction import contradictions
from shared.care.canonical import code_system
from shared.care.instruments.risk import risk

if TYPE_CHECKING:
    from services.progress_api.domain.completed_response import Completed
    from shared.care.instruments.risk import Risk
    from shared.care.instruments.risk_rule import Level, RiskRule
    from shared.fhir.reader import JsonObject

SUICIDE_RISK: Final = code_system("suicide-risk")


def risk_observation(completed: Completed, rule: RiskRule) -> JsonObject:
    """State the risk; where answers leave it open, the lowest and the highest that are possible."""
    found = risk(rule, completed.answers)
    observation = observation_of(completed, rule.code, rule.display)
    contradiction = contradictions(completed)
    if contradiction:
        observation["note"] = [{"text": contradiction}]
    if found.level is not None:
        return observation | {"valueCodeableConcept": _level(found.level)}
    unknown = concept(SUICIDE_RISK, "unknown", "Unknown: answers are missing")
    return observation | {"valueCodeableConcept": unknown, "component": _range(found)}


def _range(found: Risk) -> list[JsonObject]:
    ends = (("lowest", found.lowest), ("highest", found.highest))
    return [
        {
            "code": concept(SUICIDE_RISK, name, f"The {name} risk that is possible"),
            "valueCodeableConcept": _level(level),
        }
        for name, level in ends
    ]


def _level(level: Level) -> JsonObject:
    return concept(level.answer.system, level.answer.code, level.answer.display)
