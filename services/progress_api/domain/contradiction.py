"""Answers that contradict each other: they are never corrected, and people are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.care.instruments.risk import risk
from shared.care.instruments.total import answered_though_skipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.progress_api.domain.completed_response import Completed


def contradictions(completed: Completed) -> str | None:
    """Say which answers contradict each other; None where none do."""
    pairs = "; ".join(
        f"{_answer(completed, one)}, but {_answer(completed, other)}"
        for one, other in _pairs(completed)
    )
    if not pairs:
        return None
    return f"Answers contradict each other: {pairs}. The affirmative answer counts."


def _pairs(completed: Completed) -> Iterable[tuple[str, str]]:
    instrument, answers = completed.instrument, completed.answers
    if instrument.risk is not None:
        return risk(instrument.risk, answers).contradictions
    return answered_though_skipped(instrument.skips, answers)


def _answer(completed: Completed, code: str) -> str:
    item = completed.instrument.by_code[code]
    option = completed.instrument.option(code, completed.answers[code])
    return f"{code} ({item.topic}) {option.display.lower()}"
