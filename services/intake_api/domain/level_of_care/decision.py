"""Which outcome follows from the values of a set's criteria, and what is missing for one.

A definite outcome never changes when the rest becomes known, because a rule asks only for values
that are already decided; the one rule that asks for an unknown value decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from services.intake_api.domain.level_of_care.criteria_set import UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake_api.domain.level_of_care.criteria_set import (
        CriteriaSet,
        Group,
        Outcome,
        Rule,
    )
    from services.intake_api.domain.level_of_care.kleene import Truth

    Values = Mapping[str, Truth]
    # The values of a set's groups, in their order.
    Truths = tuple[Truth, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome: the rule that fired, the criteria because of which, and those missing."""

    outcome: Outcome
    rule: str
    because: tuple[str, ...]
    missing: tuple[str, ...]


def decide(criteria_set: CriteriaSet, values: Values) -> Decision:
    """Decide by the first rule that fires."""
    groups = tuple([group.value(values) for group in criteria_set.groups])
    unknown_safety = tuple(each for each in criteria_set.safety if values[each] is None)
    rule = _fired(criteria_set, groups, is_safe_known=not unknown_safety)
    because = unknown_safety if rule.safety_unknown else _witnesses(criteria_set, rule, values)
    missing = _missing(criteria_set, groups, values) if rule.outcome == UNDECIDED else ()
    return Decision(rule.outcome, rule.id, because, missing)


# What the groups come to is remembered: there are many people, and few ways for groups to stand.
@cache
def _fired(criteria_set: CriteriaSet, groups: Truths, *, is_safe_known: bool) -> Rule:
    named = {group.id: value for group, value in zip(criteria_set.groups, groups, strict=True)}
    return next(
        rule
        for rule in criteria_set.rules
        if all(named[group] is value for group, value in rule.when.items())
        and not (rule.safety_unknown and is_safe_known)
    )


def _witnesses(criteria_set: CriteriaSet, rule: Rule, values: Values) -> tuple[str, ...]:
    named = {
        member
        for group in criteria_set.groups
        if group.id in rule.names
        for member in group.witnesses(values)
    }
    return criteria_set.in_order(named)


def _missing(criteria_set: CriteriaSet, groups: Truths, values: Values) -> tuple[str, ...]:
    """Name the unknown criteria on which the outcome still depends, and no others.

    An unknown member of an open group can turn the group either way; the others cannot stop it.
    """
    open_members = {
        member
        for group in _that_matter(criteria_set, groups)
        for member in group.members
        if values[member] is None
    }
    return criteria_set.in_order(open_members)


@cache
def _that_matter(criteria_set: CriteriaSet, groups: Truths) -> tuple[Group, ...]:
    """Choose the open groups that turn the outcome of some completion."""
    return tuple(
        group
        for place, group in enumerate(criteria_set.groups)
        if groups[place] is None and _turns(criteria_set, groups, place)
    )


def _turns(criteria_set: CriteriaSet, groups: Truths, place: int) -> bool:
    choices = [(True, False) if value is None else (value,) for value in groups]
    return any(
        _fired(criteria_set, completed, is_safe_known=True).outcome
        != _fired(criteria_set, _turned(completed, place), is_safe_known=True).outcome
        for completed in product(*choices)
    )


def _turned(groups: Truths, place: int) -> Truths:
    return (*groups[:place], not groups[place], *groups[place + 1 :])
