"""The change of a score against its baseline: how much, and what it counts as.

Like is compared with like only, and an extended total is no evidence of change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.care.instruments.score import ChangeRule

Class = Literal[
    "reliable-improvement", "response", "remission", "no-reliable-change", "reliable-worsening"
]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must be equal for two scores to be compared."""

    score: str
    instrument_version: str
    recall: str
    respondent: str | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A score, and when it was taken, in microseconds; `value` is None where there is no total."""

    under: Conditions
    taken: int
    value: int | None
    is_prorated: bool = False

    @property
    def is_complete(self) -> bool:
        """Tell whether every item was answered."""
        return self.value is not None and not self.is_prorated


@dataclass(frozen=True, slots=True)
class Change:
    """How many points better than at the baseline (worse, where negative), and the class."""

    delta: int
    classified: Class


def first_complete(measures: Iterable[Measured], opens: int, ends: int) -> int | None:
    """Find the baseline: the place of the first complete measure in a window, ends excluded."""
    within = [
        (measure.taken, place)
        for place, measure in enumerate(measures)
        if measure.is_complete and opens <= measure.taken < ends
    ]
    return min(within)[1] if within else None


def change(rule: ChangeRule, baseline: Measured, current: Measured) -> Change | None:
    """Classify the change since the baseline; None where the two cannot be compared."""
    comparable = baseline.under == current.under and baseline.taken < current.taken
    if baseline.value is None or current.value is None or not comparable:
        return None
    if baseline.is_prorated or current.is_prorated:
        return None
    return classify(rule, baseline.value, current.value)


def classify(rule: ChangeRule, baseline: int, current: int) -> Change:
    """Name the most specific class; what got reliably worse is nothing better besides."""
    sign = 1 if rule.better == "lower" else -1
    delta = sign * (baseline - current)
    if delta <= -rule.reliable:
        return Change(delta, "reliable-worsening")
    if is_remission(rule, baseline, current):
        return Change(delta, "remission")
    if delta > 0 and is_response(rule, baseline, delta):
        return Change(delta, "response")
    if delta >= rule.reliable:
        return Change(delta, "reliable-improvement")
    return Change(delta, "no-reliable-change")


def is_remission(rule: ChangeRule, baseline: int, current: int) -> bool:
    """Tell whether a score has come over to the better side of the cut."""
    if rule.remission is None:
        return False
    if rule.better == "lower":
        return current < rule.remission <= baseline
    return current > rule.remission >= baseline


def is_response(rule: ChangeRule, baseline: int, delta: int) -> bool:
    """Tell whether so many points better are enough of the baseline to be a response."""
    if rule.response_points is not None and delta >= rule.response_points:
        return True
    return rule.response is not None and 100 * delta >= rule.response * baseline
