"""One person's level of care: every criterion valued, the decision, and the trace that proves it.

The trace's hash is that of its other parameters, so that whoever holds the trace can recompute it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.intake_api.domain.level_of_care.consistency import consistencies
from services.intake_api.domain.level_of_care.course import READINGS, episode_in_programme
from services.intake_api.domain.level_of_care.decision import Decision, decide
from services.intake_api.domain.level_of_care.kleene import word
from services.intake_api.domain.level_of_care.valuation import Valued, valued
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from services.intake_api.domain.level_of_care.criteria_set import CriteriaSet, Outcome
    from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a criteria set makes of the evidence about one person at one moment."""

    criteria_set: CriteriaSet
    criteria: tuple[Valued, ...]
    decision: Decision
    episode: Evidence | None
    consistency: tuple[JsonObject, ...]
    zone: tzinfo

    @property
    def unknown_safety(self) -> tuple[Valued, ...]:
        """The safety criteria that are unknown."""
        safety = self.criteria_set.safety
        return tuple(e for e in self.criteria if e.criterion in safety and e.value is None)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The versions that the values rest on, each once."""
        versions = [piece.versioned for each in self.criteria for piece in each.pieces]
        if self.episode is not None:
            versions.append(self.episode.versioned)
        return tuple(dict.fromkeys(versions))

    @property
    def hash(self) -> str:
        """Give the SHA-256 of the trace's canonical JSON."""
        return _sealed(self._trace)

    @property
    def parameters(self) -> list[JsonObject]:
        """Write the trace as the parameters of a Parameters resource, its hash last."""
        return [*self._trace, {"name": "hash", "valueString": self.hash}]

    @property
    def _trace(self) -> list[JsonObject]:
        criteria_set, decision = self.criteria_set, self.decision
        advice = {each.id: each.advice for each in criteria_set.criteria}
        return [
            {"name": "criteria-set", "valueCanonical": criteria_set.canonical},
            {"name": "criteria-set-hash", "valueString": criteria_set.hash},
            *_phase(self.episode, decision.outcome),
            {"name": "outcome", "valueCode": decision.outcome},
            {"name": "rule", "valueCode": decision.rule},
            *(_because(each, advice[each]) for each in decision.because),
            *(_criterion(each) for each in self.criteria),
            *self.consistency,
            *({"name": "missing", "valueCode": each} for each in decision.missing),
        ]


def assess(criteria_set: CriteriaSet, pool: Sequence[Evidence], moment: Moment) -> Assessment:
    """Value every criterion and decide, as the phase is that the person is in."""
    episode = episode_in_programme(pool)
    if episode is not None:
        moment = replace(moment, phase="programme")
    criteria = tuple(valued(each, pool, moment) for each in criteria_set.criteria)
    values = {each.criterion: each.value for each in criteria}
    decision = decide(criteria_set, values)
    told = consistencies(criteria, pool, moment)
    return Assessment(criteria_set, criteria, decision, episode, told, moment.zone)


def _sealed(told: list[JsonObject]) -> str:
    return hashlib.sha256(canonical(told)).hexdigest()


def _phase(episode: Evidence | None, outcome: Outcome) -> list[JsonObject]:
    """Tell the phase; of somebody in the programme, by which episode and what the outcome means."""
    if episode is None:
        return [{"name": "phase", "valueCode": "entry"}]
    return [
        {"name": "phase", "valueCode": "programme"},
        {"name": "episode", "valueReference": {"reference": episode.versioned}},
        {"name": "reading", "valueCode": READINGS[outcome]},
    ]


def _because(criterion: str, advice: str | None) -> JsonObject:
    part = [{"name": "code", "valueCode": criterion}]
    if advice is not None:
        part.append({"name": "advice", "valueString": advice})
    return {"name": "because", "part": part}


def _criterion(told: Valued) -> JsonObject:
    evidence = ({"reference": piece.versioned} for piece in told.pieces)
    part: list[JsonObject] = [
        {"name": "code", "valueCode": told.criterion},
        {"name": "value", "valueCode": word(told.value)},
        {"name": "basis", "valueCode": told.basis},
        *({"name": "evidence", "valueReference": each} for each in evidence),
    ]
    # Sealed one by one, so that a checker can say which one was tampered with.
    return {"name": "criterion", "part": [*part, {"name": "hash", "valueString": _sealed(part)}]}
