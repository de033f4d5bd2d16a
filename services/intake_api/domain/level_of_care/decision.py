"""Which outcome follows from the values of a set's criteria, and what is missing for one.

A definite outcome never changes when the rest becomes known, because a rule asks only for values
that are already decided; the one rule that asks for an unknown value decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from services.intake_api.domain.level_of_care.criteria_set import UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake_api.domain.level_of_care.criteria_set import CriteriaSet, Outcome, Rule
    from services.intake_api.domain.level_of_care.kleene import Truth

    Values = Mapping[str, Truth]


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome: the rule that fired, the criteria because of which, and those missing."""

    outcome: Outcome
    rule: str
    because: tuple[str, ...]
    missing: tuple[str, ...]


def decide(criteria_set: CriteriaSet, values: Values) -> Decision:
    """Decide by the first rule that fires."""
    groups = _groups(criteria_set, values)
    unknown_safety = tuple(each for each in criteria_set.safety if values[each] is None)
    rule = _fired(criteria_set, groups, is_safe_known=not unknown_safety)
    because = unknown_safety if rule.safety_unknown else _witnesses(criteria_set, rule, values)
    missing = _missing(criteria_set, groups, values) if rule.outcome == UNDECIDED else ()
    return Decision(rule.outcome, rule.id, because, missing)


def _groups(criteria_set: CriteriaSet, values: Values) -> dict[str, Truth]:
    return {group.id: group.value(values) for group in criteria_set.groups}


def _fired(criteria_set: CriteriaSet, groups: Values, *, is_safe_known: bool) -> Rule:
    return next(
        rule
        for rule in criteria_set.rules
        if all(groups[group] is value for group, value in rule.when.items())
        and not (rule.safety_unknown and is_safe_known)
    )


def _witnesses(criteria_set: CriteriaSet, rule: Rule, values: Values) -> tuple[str, ...]:
    named = {
        member
        for group in criteria_set.groups
        if group.id in rule.names
        for member in group.witnesses(values)
    }
    return tuple(criterion.id for criterion in criteria_set.criteria if criterion.id in named)


def _missing(criteria_set: CriteriaSet, groups: Values, values: Values) -> tuple[str, ...]:
    """Name the unknown criteria on which the outcome still depends, and no others.

    An unknown member of an open group can turn the group either way; the others cannot stop it.
    """
    open_members = {
        member
        for group in criteria_set.groups
        if groups[group.id] is None and _matters(criteria_set, groups, group.id)
        for member in group.members
        if values[member] is None
    }
    return tuple(each.id for each in criteria_set.criteria if each.id in open_members)


def _matters(criteria_set: CriteriaSet, groups: Values, asked: str) -> bool:
    others = [group for group, value in groups.items() if value is None and group != asked]
    for chosen in product((True, False), repeat=len(others)):
        completed = {**groups, **dict(zip(others, chosen, strict=True))}
        outcomes = {
            _fired(criteria_set, {**completed, asked: value}, is_safe_known=True).outcome
            for value in (True, False)
        }
        if len(outcomes) > 1:
            return True
    return False
