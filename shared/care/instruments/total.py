"""The total of an instrument's answers, in which what is missing is never zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.care.instruments.instrument import Score


@dataclass(frozen=True, slots=True)
class Total:
    """A total, None where too much is missing; a prorated one stands for what was answered."""

    value: int | None
    missing: tuple[str, ...]

    @property
    def is_prorated(self) -> bool:
        """Tell whether the total was extended from the items that were answered."""
        return self.value is not None and bool(self.missing)


def total(score: Score, answers: Mapping[str, int]) -> Total:
    """Add up the answers by the codes of their items."""
    given = [answers[item] for item in score.items if item in answers]
    missing = tuple(item for item in score.items if item not in answers)
    if not missing:
        return Total(sum(given), ())
    if not given or len(missing) > score.prorates:
        return Total(None, missing)
    # The mean of what was answered for every item, rounded half up.
    return Total((2 * sum(given) * len(score.items) + len(given)) // (2 * len(given)), missing)
