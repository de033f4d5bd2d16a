"""The level of risk that yes and no come to, over all ways to complete what is unanswered.

Contradictory answers are never corrected: the affirmative counts, and both are named.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.care.instruments.risk_rule import Level, RiskRule


@dataclass(frozen=True, slots=True)
class Risk:
    """The lowest and the highest level that are possible; each contradiction names two items."""

    lowest: Level
    highest: Level
    contradictions: tuple[tuple[str, str], ...]

    @property
    def level(self) -> Level | None:
        """The level; None where the answers leave several possible."""
        return self.highest if self.lowest == self.highest else None


def risk(rule: RiskRule, answers: Mapping[str, int]) -> Risk:
    """Find the risk of answers (1 yes, 0 no, absent unanswered) by the codes of their items."""
    known = {**dict(_implied(rule, answers)), **answers}
    items = dict.fromkeys(item for level in rule.levels for item in level.yes)
    open_items = [item for item in items if item not in known]
    possible = {
        _level(rule, known | dict(zip(open_items, completion, strict=True)))
        for completion in product((0, 1), repeat=len(open_items))
    }
    ordered = [level for level in rule.levels if level in possible]
    return Risk(ordered[-1], ordered[0], tuple(_contradictions(rule, answers)))


def _implied(rule: RiskRule, answers: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for each in rule.implied:
        if answers.get(each.item) == each.answered:
            yield from ((item, each.implies) for item in each.of)


def _level(rule: RiskRule, answers: Mapping[str, int]) -> Level:
    *levels, none = rule.levels
    return next((level for level in levels if any(answers[item] for item in level.yes)), none)


def _contradictions(rule: RiskRule, answers: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    seen: set[frozenset[str]] = set()
    for each in rule.implied:
        for item in each.of if answers.get(each.item) == each.answered else ():
            pair = frozenset((each.item, item))
            if answers.get(item, each.implies) != each.implies and pair not in seen:
                seen.add(pair)
                yield each.item, item
