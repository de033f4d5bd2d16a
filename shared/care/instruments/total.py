"""The total of an instrument's answers, in which what is missing is never zero.

Only what a skip rule says is not asked counts nothing; what was answered all the same counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shared.care.instruments.instrument import Skip
    from shared.care.instruments.score import Finding, Score


@dataclass(frozen=True, slots=True)
class Total:
    """A total, None where too much is missing; a prorated one stands for what was answered."""

    value: int | None
    missing: tuple[str, ...]

    @property
    def is_prorated(self) -> bool:
        """Tell whether the total was extended from the items that were answered."""
        return self.value is not None and bool(self.missing)


def with_skipped(skips: Sequence[Skip], answers: Mapping[str, int]) -> dict[str, int]:
    """Add a zero for every item that was rightly not asked."""
    known = dict(answers)
    for skip in skips:
        if _applies(skip, known):
            known |= {item: 0 for item in skip.zero if item not in known}
    return known


def answered_though_skipped(
    skips: Sequence[Skip], answers: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """Name each item that was affirmed though it is not asked, after the item that says so."""
    seen: set[str] = set()
    for skip in skips:
        for item in skip.zero if _applies(skip, answers) else ():
            if answers.get(item) and item not in seen:
                seen.add(item)
                yield skip.when[-1], item


def _applies(skip: Skip, answers: Mapping[str, int]) -> bool:
    return all(answers.get(item) == 0 for item in skip.when)


def total(score: Score, answers: Mapping[str, int]) -> Total:
    """Add up the answers by the codes of their items."""
    given = [answers[item] for item in score.items if item in answers]
    missing = tuple(item for item in score.items if item not in answers)
    if not missing:
        return Total(sum(given) * score.times, ())
    if not given or len(missing) > score.prorates:
        return Total(None, missing)
    # The mean of what was answered for every item, rounded half up.
    return Total((2 * sum(given) * len(score.items) + len(given)) // (2 * len(given)), missing)


def is_found(finding: Finding, answers: Mapping[str, int]) -> bool | None:
    """Tell whether enough items count enough; None where one was not answered."""
    if any(item not in answers for item in finding.items):
        return None
    return all(
        sum(answers[item] >= finding.least for item in each.items) >= each.number
        for each in finding.needed
    )
