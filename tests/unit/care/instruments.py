"""Scores of instruments as tests ask for them, by the numbers of items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.progress_api.questionnaires import QUESTIONNAIRES
from shared.care.canonical import CANONICAL
from shared.care.instruments.registry import instrument_of, score_of
from shared.care.instruments.total import total, with_skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.care.instruments.instrument import Instrument


def published() -> list[dict[str, Any]]:
    """The Questionnaires of the instruments, among all that are published."""
    return [each for each in QUESTIONNAIRES if instrument_of(each["url"])]


def instrument(name: str) -> Instrument:
    found = instrument_of(f"{CANONICAL}/Questionnaire/{name}")
    assert found is not None
    return found


def by_place(name: str, counts: Sequence[int | None]) -> dict[str, int]:
    """Answers of the first items by their counts; None leaves one out."""
    codes = list(instrument(name).by_code)[: len(counts)]
    told = zip(codes, counts, strict=True)
    return {code: count for code, count in told if count is not None}


def scored(code: str, answers: dict[str, int]) -> int | None:
    found = score_of(code)
    assert found is not None
    return total(found[1], with_skipped(found[0].skips, answers)).value


def band(code: str, value: int, sex: str | None = None) -> str:
    found = score_of(code)
    assert found is not None
    one = found[1].band(value, sex)
    assert one is not None
    return one.code
