"""The series of one score: each value, the baseline, and what the change since then counts as.

Like is compared with like only. Whatever cannot be compared is not classified, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from services.progress_api.domain.measure_change import measured
from services.progress_api.domain.progress.policy import TREND_PERCENT, TREND_SCORES
from shared.care.instruments.change import change, first_complete, is_remission, is_response
from shared.fhir.dates import date_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from services.progress_api.domain.measure_change import Window
    from services.progress_api.domain.progress.told import Told
    from shared.care.instruments.change import Change, Measured
    from shared.care.instruments.instrument import Instrument
    from shared.care.instruments.score import ChangeRule, Score
    from shared.fhir.dates import Range

Reason = Literal[
    "no-rule",
    "no-baseline",
    "is-baseline",
    "before-baseline",
    "no-value",
    "prorated",
    "not-comparable",
]
Trend = Literal["improving", "worsening", "steady", "unknown"]

_STATED: Final = frozenset({"final", "amended", "corrected"})


@dataclass(frozen=True, slots=True)
class Point:
    """One score: the version that told it, when it was taken, and how it can be compared."""

    told: Told
    taken: int
    measured: Measured | None

    @property
    def is_complete(self) -> bool:
        """Tell whether it is a whole total that was made here."""
        return self.measured is not None and self.measured.is_complete

    @property
    def value(self) -> int | None:
        """Its points, where they are known and those of a total that was made here."""
        return None if self.measured is None else self.measured.value


@dataclass(frozen=True, slots=True)
class Series:
    """The scores of one kind in the order in which they were taken, and the baseline of them."""

    instrument: Instrument
    score: Score
    points: tuple[Point, ...]
    baseline: Point | None

    def within(self, span: Range) -> Series:
        """Leave out the scores outside a time; the baseline stays what it is."""
        shown = tuple(each for each in self.points if span[0] <= each.taken < span[1])
        return Series(self.instrument, self.score, shown, self.baseline)

    @property
    def latest(self) -> Point | None:
        """The last score."""
        return self.points[-1] if self.points else None

    def judged(self, point: Point) -> Change | Reason:
        """Classify the change of a score since the baseline, or say why it is not classified."""
        rule, baseline, now = self.score.change, self.baseline, point.measured
        if rule is None:
            return "no-rule"
        if now is None:
            return "not-comparable"
        if not now.is_complete:
            return "no-value" if now.value is None else "prorated"
        if baseline is None or baseline.measured is None:
            return "no-baseline"
        if point is baseline:
            return "is-baseline"
        found = change(rule, baseline.measured, now)
        if found is not None:
            return found
        return "before-baseline" if point.taken <= baseline.taken else "not-comparable"

    def reached(self, point: Point) -> tuple[bool, bool] | None:
        """Tell of response and remission; None where a score is not classified."""
        rule, found = self.score.change, self.judged(point)
        if rule is None or isinstance(found, str) or self.baseline is None:
            return None
        before, now = self.baseline.value or 0, point.value or 0
        is_better = found.delta > 0
        return is_better and is_response(rule, before, found.delta), is_remission(rule, before, now)

    @property
    def trend(self) -> Trend:
        """Tell how the last scores went, by the policy's plain rule."""
        rule, complete = self.score.change, [each for each in self.points if each.is_complete]
        return "unknown" if rule is None or not complete else _trend(rule, complete)


def series(
    instrument: Instrument,
    score: Score,
    observations: Iterable[Told],
    *,
    window: Window | None,
    zone: tzinfo,
) -> Series:
    """Put the scores of one kind among a person's Observations in order."""
    found = [_point(each, zone) for each in observations if _is_of(score, each)]
    points = tuple(sorted(found, key=lambda each: (each.taken, each.told.versioned)))
    return Series(instrument, score, points, _baseline(points, window))


def _baseline(points: Sequence[Point], window: Window | None) -> Point | None:
    if window is None:
        return None
    known = [(point, point.measured) for point in points if point.measured is not None]
    place = first_complete([each for _, each in known], window.opens, window.ends)
    return None if place is None else known[place][0]


def _is_of(score: Score, told: Told) -> bool:
    codings = told.content.get("code", {}).get("coding", ())
    return (
        any((e.get("system"), e.get("code")) == (score.system, score.code) for e in codings)
        and told.content.get("status") in _STATED
        and "effectiveDateTime" in told.content
    )


def _point(told: Told, zone: tzinfo) -> Point:
    taken = date_range(told.content["effectiveDateTime"], zone)[0]
    return Point(told, taken, measured(told.content, zone))


def _trend(rule: ChangeRule, complete: Sequence[Point]) -> Trend:
    under = complete[-1].measured.under if complete[-1].measured else None
    alike = [each.value for each in complete if each.measured and each.measured.under == under]
    last = [value for value in alike[-TREND_SCORES:] if value is not None]
    if len(last) < TREND_SCORES:
        return "unknown"
    better = last[0] - last[-1] if rule.better == "lower" else last[-1] - last[0]
    if 100 * abs(better) < TREND_PERCENT * rule.reliable:
        return "steady"
    return "improving" if better > 0 else "worsening"
