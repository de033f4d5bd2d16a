"""What a row of a criteria set makes of evidence: nothing, or the pieces that give its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.domain.level_of_care.consistency import enough_planned
from services.intake_api.domain.level_of_care.evidence import (
    answers,
    element,
    is_among,
    is_recent,
    is_stated,
    latest,
    number,
)
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from services.intake_api.domain.level_of_care.criteria_set import Row, Selection
    from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
    from shared.fhir.reader import JsonObject


def derived(row: Row, pool: Sequence[Evidence], moment: Moment) -> tuple[Evidence, ...]:
    """Give the evidence by which a row gives its value; none where it gives no value."""
    if row.phase not in {None, moment.phase}:
        return ()
    if row.hours_policy is not None:
        plans = (each for each in pool if each.content["resourceType"] == "CarePlan")
        return enough_planned(row.hours_policy, [*selected(row.selection, pool), *plans], moment)
    naming = _naming(row, pool, moment)
    pieces = selected(row.selection, pool)
    named = [each for each in pieces if naming is None or each.reference in naming]
    batches = [newest(batch, row.consecutive, moment) for batch in _batches(row, named)]
    cited = [piece for batch in batches for piece in batch]
    is_complete = all(len(batch) == row.consecutive for batch in batches)
    if not (cited and is_complete and all(_passes(row, piece, moment) for piece in cited)):
        return ()
    return (*cited, *(naming[piece.reference] for piece in cited if naming is not None))


def selected(selection: Selection, pool: Sequence[Evidence]) -> list[Evidence]:
    """Choose the evidence that somebody stands by, of a type and with the codes named."""
    return [
        piece
        for piece in pool
        if piece.content["resourceType"] == selection.type
        and is_stated(piece.content)
        and _has(piece.content, selection.elements)
    ]


def newest(pieces: Sequence[Evidence], count: int, moment: Moment) -> list[Evidence]:
    """Choose so many pieces, the newest first."""
    left = list(pieces)
    chosen: list[Evidence] = []
    while len(chosen) < count and (piece := latest(left, moment)) is not None:
        left.remove(piece)
        chosen.append(piece)
    return chosen


def references(value: JsonObject | list[JsonObject], bases: tuple[str, ...]) -> Iterator[str]:
    """Give the references of an element to resources of this record."""
    for each in value if isinstance(value, list) else [value]:
        link = parse_reference(each.get("reference", ""), bases)
        if link.kind == "local":
            yield f"{link.type}/{link.id}"


def _batches(row: Row, pieces: list[Evidence]) -> list[list[Evidence]]:
    """Keep the pieces together, or those of each code; there is none without any."""
    if not row.of_each_code:
        return [pieces]
    codes = row.selection.elements["code"]
    by_code = ([e for e in pieces if is_among(e.content["code"], (code,))] for code in codes)
    return [batch for batch in by_code if batch]


def _naming(row: Row, pool: Sequence[Evidence], moment: Moment) -> dict[str, Evidence] | None:
    """Find what names other evidence, by the reference of what it names."""
    if row.named_by is None:
        return None
    elements = row.named_by.elements
    return {
        reference: piece
        for piece in selected(row.named_by.selection, pool)
        for name in elements
        for reference in references(element(piece.content, name), moment.bases)
    }


def _passes(row: Row, piece: Evidence, moment: Moment) -> bool:
    if row.answers and not is_among(answers(piece.content), row.answers):
        return False
    is_fit = _is_within(row, piece.content) and _has(piece.content, row.having)
    return is_fit and is_recent(piece, moment, row.within_days)


def _is_within(row: Row, content: JsonObject) -> bool:
    if row.at_least is None and row.at_most is None:
        return True
    stated = number(content)
    if stated is None or (row.at_least is not None and stated < row.at_least):
        return False
    return row.at_most is None or stated <= row.at_most


def _has(content: JsonObject, elements: Mapping[str, tuple[str, ...]]) -> bool:
    return all(is_among(element(content, name), wanted) for name, wanted in elements.items())
