"""What value each criterion has, and from which evidence.

The latest judgement of a Practitioner counts, then the first row that passes. Only a safety
criterion gives way to later evidence of danger, until somebody judges anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.criteria_set import Selection
from services.intake_api.domain.level_of_care.evidence import (
    answers,
    element,
    is_among,
    is_newer,
    is_recent,
    is_stated,
    latest,
    number,
)
from shared.care.canonical import code_system
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    others = sorted({each.type for each in selections} - {"Observation"})
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
        for piece in _selected(judgement, pool)
        if _by_practitioner(piece.content, moment.bases)
    ]
    piece = latest(judgements, moment)
    if piece is None:
        return None
    return Valued(criterion.id, piece.content.get("valueBoolean"), JUDGED, (piece,))


def _by_practitioner(observation: JsonObject, bases: tuple[str, ...]) -> bool:
    performers = _references(observation.get("performer", []), bases)
    return any(each.startswith("Practitioner/") for each in performers)


def _derived(criterion: Criterion, pool: Sequence[Evidence], moment: Moment) -> Valued:
    for row in criterion.rows:
        naming = _naming(row, pool, moment)
        selected = _selected(row.selection, pool)
        piece = latest((e for e in selected if naming is None or e.reference in naming), moment)
        if piece is not None and _passes(row, piece, moment):
            cited = (piece,) if naming is None else (piece, naming[piece.reference])
            return Valued(criterion.id, row.value, row.id, cited)
    return Valued(criterion.id, None, NOTHING, ())


def _naming(row: Row, pool: Sequence[Evidence], moment: Moment) -> dict[str, Evidence] | None:
    """Find what names other evidence, by the reference of what it names."""
    if row.named_by is None:
        return None
    elements = row.named_by.elements
    return {
        reference: piece
        for piece in _selected(row.named_by.selection, pool)
        for name in elements
        for reference in _references(element(piece.content, name), moment.bases)
    }


def _references(value: JsonObject | list[JsonObject], bases: tuple[str, ...]) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        link = parse_reference(each.get("reference", ""), bases)
        if link.kind == "local":
            yield f"{link.type}/{link.id}"


def _selected(selection: Selection, pool: Sequence[Evidence]) -> list[Evidence]:
    return [
        piece
        for piece in pool
        if piece.content["resourceType"] == selection.type
        and is_stated(piece.content)
        and all(
            is_among(element(piece.content, name), wanted)
            for name, wanted in selection.elements.items()
        )
    ]


def _passes(row: Row, piece: Evidence, moment: Moment) -> bool:
    if row.answers and not is_among(answers(piece.content), row.answers):
        return False
    if row.at_least is not None:
        stated = number(piece.content)
        if stated is None or stated < row.at_least:
            return False
    return is_recent(piece, moment, row.within_days)
