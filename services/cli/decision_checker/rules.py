"""What follows from values by a criteria set's JSON, in numbers: 0 is false, 1 unknown, 2 true."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    Values = Mapping[str, int]

Json = dict[str, Any]

FALSE, UNKNOWN, TRUE = range(3)
NUMBERS: Final = {"false": FALSE, "unknown": UNKNOWN, "true": TRUE}


def members(criteria_set: Json, group: Json) -> list[str]:
    """Name the criteria that count in a group."""
    counted = (each for each in criteria_set["criteria"] if each["deciding"])
    return [each["id"] for each in counted if each["kind"] in group["kinds"]]


def groups(criteria_set: Json, values: Values) -> dict[str, int]:
    """Value each group: the best of `any`, the worst of `all`."""
    chosen = {"any": max, "all": min}
    return {
        group["id"]: chosen[group["quantifier"]](values[e] for e in members(criteria_set, group))
        for group in criteria_set["groups"]
    }


def unknown_safety(criteria_set: Json, values: Values) -> list[str]:
    """Name the safety criteria whose value is not known."""
    safety = (each["id"] for each in criteria_set["criteria"] if each.get("safety"))
    return [each for each in safety if values[each] == UNKNOWN]


def fired(criteria_set: Json, valued: Mapping[str, int], *, is_safe_known: bool) -> Json:
    """Find the first rule that the values of the groups fulfil."""
    for rule in criteria_set["rules"]:
        wanted = {name: TRUE if holds else FALSE for name, holds in rule.get("when", {}).items()}
        held_up = rule.get("safetyUnknown", False) and is_safe_known
        if not held_up and all(valued[name] == value for name, value in wanted.items()):
            return dict(rule)
    raise ValueError("No rule of the criteria set applies.")


def because(criteria_set: Json, rule: Json, values: Values) -> list[str]:
    """Name the criteria that by themselves made a rule fire."""
    if rule.get("safetyUnknown"):
        return unknown_safety(criteria_set, values)
    decisive = {"any": TRUE, "all": FALSE}
    found = {
        each
        for group in criteria_set["groups"]
        if group["id"] in rule.get("names", ())
        for each in members(criteria_set, group)
        if values[each] == decisive[group["quantifier"]]
    }
    return [each["id"] for each in criteria_set["criteria"] if each["id"] in found]


def missing(criteria_set: Json, values: Values) -> list[str]:
    """Name the unknown criteria for which two completions lead to different outcomes."""
    valued = groups(criteria_set, values)
    turning = {
        each
        for group in criteria_set["groups"]
        if valued[group["id"]] == UNKNOWN and _turns(criteria_set, valued, group["id"])
        for each in members(criteria_set, group)
        if values[each] == UNKNOWN
    }
    return [each["id"] for each in criteria_set["criteria"] if each["id"] in turning]


def _turns(criteria_set: Json, valued: Mapping[str, int], group: str) -> bool:
    names = list(valued)
    ranges = [(FALSE, TRUE) if valued[name] == UNKNOWN else (valued[name],) for name in names]
    outcomes: dict[tuple[int, ...], set[str]] = {}
    for completed in product(*ranges):
        told = dict(zip(names, completed, strict=True))
        outcome = fired(criteria_set, told, is_safe_known=True)["outcome"]
        others = tuple(value for name, value in told.items() if name != group)
        outcomes.setdefault(others, set()).add(outcome)
    return any(len(each) > 1 for each in outcomes.values())
