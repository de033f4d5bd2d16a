"""What value each criterion has, and from which evidence.

The latest judgement of a Practitioner counts, then the first row that passes. Only a safety
criterion gives way to later evidence of danger, until somebody judges anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.criteria_set import Selection
from services.intake_api.domain.level_of_care.derivation import derived, references, selected
from services.intake_api.domain.level_of_care.evidence import is_newer, latest
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake_api.domain.level_of_care.criteria_set import CriteriaSet, Criterion
    from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
    from services.intake_api.domain.level_of_care.kleene import Truth
    from shared.fhir.reader import JsonObject

CRITERION: Final = code_system("level-of-care-criterion")
JUDGED: Final = "clinician"
NOTHING: Final = "no-evidence"
# What tells the phase that a person is in, the age, and the hours of the plan.
ALWAYS: Final = ("CarePlan", "EpisodeOfCare", "Patient", "ServiceRequest")
_CODES: Final = ("code", "combo-code")


@dataclass(frozen=True, slots=True)
class Valued:
    """A criterion's value, its basis (a clinician, a row, or nothing), and the evidence for it."""

    criterion: str
    value: Truth
    basis: str
    pieces: tuple[Evidence, ...]


def needed(criteria_set: CriteriaSet) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Name what a set looks at: types, each with search criteria beside the person."""
    rows = [row for criterion in criteria_set.criteria for row in criterion.rows]
    selections = [row.selection for row in rows]
    selections += [row.named_by.selection for row in rows if row.named_by]
    codes = {f"{CRITERION}|{criterion.id}" for criterion in criteria_set.criteria}
    for each in selections:
        if each.type == "Observation":
            codes |= {code for name in _CODES for code in each.elements.get(name, ())}
    observed = ("Observation", (("combo-code", ",".join(sorted(codes))),))
    others = sorted({*ALWAYS, *(each.type for each in selections)} - {"Observation"})
    return [observed, *((resource_type, ()) for resource_type in others)]


def valued(criterion: Criterion, pool: Sequence[Evidence], moment: Moment) -> Valued:
    """Give a criterion its value."""
    judged = _judged(criterion, pool, moment)
    if judged is None:
        return _derived(criterion, pool, moment)
    if not criterion.safety or judged.value is True:
        return judged
    # An old danger that still stands must not hide one that came after the judgement.
    later = [each for each in pool if is_newer(each, judged.pieces[0], moment)]
    since = _derived(criterion, later, moment)
    return since if since.pieces and since.value is not False else judged


def _judged(criterion: Criterion, pool: Sequence[Evidence], moment: Moment) -> Valued | None:
    judgement = Selection("Observation", {"code": (f"{CRITERION}|{criterion.id}",)})
    judgements = [
        piece
        for piece in selected(judgement, pool)
        if _by_practitioner(piece.content, moment.bases)
    ]
    piece = latest(judgements, moment)
    if piece is None:
        return None
    return Valued(criterion.id, piece.content.get("valueBoolean"), JUDGED, (piece,))


def _by_practitioner(observation: JsonObject, bases: tuple[str, ...]) -> bool:
    performers = references(observation.get("performer", []), bases)
    return any(each.startswith("Practitioner/") for each in performers)


def _derived(criterion: Criterion, pool: Sequence[Evidence], moment: Moment) -> Valued:
    for row in criterion.rows:
        cited = derived(row, pool, moment)
        if cited:
            return Valued(criterion.id, row.value, row.id, cited)
    return Valued(criterion.id, None, NOTHING, ())
