"""What value each criterion has, and from which evidence.

The latest judgement of a Practitioner counts, then the first row that passes. Only a safety
criterion gives way to later evidence of danger, until somebody judges anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care import evidence
from shared.care.canonical import code_system
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake_api.domain.level_of_care.criteria_set import CriteriaSet, Criterion, Row
    from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
    from services.intake_api.domain.level_of_care.kleene import Truth
    from shared.fhir.reader import JsonObject

CRITERION: Final = code_system("level-of-care-criterion")
JUDGED: Final = "clinician"
NOTHING: Final = "no-evidence"
_CODES: Final = ("code", "combo-code")


@dataclass(frozen=True, slots=True)
class Valued:
    """A criterion's value, its basis (a clinician, a row, or nothing), and its evidence."""

    criterion: str
    value: Truth
    basis: str
    piece: Evidence | None


def needed(criteria_set: CriteriaSet) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Name what a set looks at: types, each with search criteria beside the person."""
    rows = [row for criterion in criteria_set.criteria for row in criterion.rows]
    codes = {f"{CRITERION}|{criterion.id}" for criterion in criteria_set.criteria}
    for row in rows:
        if row.type == "Observation":
            codes |= {code for name in _CODES for code in row.select.get(name, ())}
    observed = ("Observation", (("combo-code", ",".join(sorted(codes))),))
    others = sorted({row.type for row in rows} - {"Observation"})
    return [observed, *((resource_type, ()) for resource_type in others)]


def valued(criterion: Criterion, pool: Sequence[Evidence], moment: Moment) -> Valued:
    """Give a criterion its value."""
    judged = _judged(criterion, pool, moment)
    derived = _derived(criterion, pool, moment)
    if judged is None or judged.piece is None:
        return derived
    if criterion.safety and judged.value is not True and derived.value is not False:
        danger = derived.piece
        if danger is not None and evidence.is_newer(danger, judged.piece, moment):
            return derived
    return judged


def _judged(criterion: Criterion, pool: Sequence[Evidence], moment: Moment) -> Valued | None:
    code = f"{CRITERION}|{criterion.id}"
    judgements = [
        piece
        for piece in pool
        if _is_judgement(piece.content, code) and _by_practitioner(piece.content, moment.bases)
    ]
    piece = evidence.latest(judgements, moment)
    if piece is None:
        return None
    return Valued(criterion.id, piece.content.get("valueBoolean"), JUDGED, piece)


def _is_judgement(content: JsonObject, code: str) -> bool:
    is_observation = content["resourceType"] == "Observation"
    return (
        is_observation
        and evidence.is_stated(content)
        and evidence.is_among(content["code"], (code,))
    )


def _by_practitioner(observation: JsonObject, bases: tuple[str, ...]) -> bool:
    performers = (each.get("reference") for each in observation.get("performer", ()))
    links = (parse_reference(each, bases) for each in performers if isinstance(each, str))
    return any(link.kind == "local" and link.type == "Practitioner" for link in links)


def _derived(criterion: Criterion, pool: Sequence[Evidence], moment: Moment) -> Valued:
    for row in criterion.rows:
        piece = evidence.latest((each for each in pool if _selects(row, each.content)), moment)
        if piece is not None and _passes(row, piece, moment):
            return Valued(criterion.id, row.value, row.id, piece)
    return Valued(criterion.id, None, NOTHING, None)


def _selects(row: Row, content: JsonObject) -> bool:
    return (
        content["resourceType"] == row.type
        and evidence.is_stated(content)
        and all(
            evidence.is_among(evidence.element(content, element), wanted)
            for element, wanted in row.select.items()
        )
    )


def _passes(row: Row, piece: Evidence, moment: Moment) -> bool:
    if row.answers and not evidence.is_among(evidence.answers(piece.content), row.answers):
        return False
    if row.at_least is not None:
        number = evidence.number(piece.content)
        if number is None or number < row.at_least:
            return False
    return evidence.is_recent(piece, moment, row.within_days)
