"""The checker of a JSON object: one loop over its members, each looked up in the type's table.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.fhir.validation.finding import NullFinding, fault, joined, within, wrong_json_type
from shared.fhir.validation.twins import judge_nulls

if TYPE_CHECKING:
    from shared.fhir.validation.finding import Checker, Findings, Run
    from shared.fhir.validation.twins import Twin

# A rule could not trust the shape of what it sees, or would tell the same fault again.
_MISSHAPEN = {"structure", "required"}
_plain_name = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}").fullmatch


@dataclass(slots=True)
class Table:
    """What one type's object may hold: a checker for each JSON property.

    `names` gives the element of a property where they differ: `valueQuantity` and `_valueString`
    are both `value`. `twins` are those of the primitives, by `_key`. `rules` see the whole object
    after its members; `invariants` too, but only one whose shape is right all through.
    """

    checkers: dict[str, Checker] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    twins: dict[str, Twin] = field(default_factory=dict)
    rules: list[Checker] = field(default_factory=list)
    invariants: list[Checker] = field(default_factory=list)


def object_checker(table: Table) -> Checker:
    """Make the checker of a type's objects; the table may be filled later."""
    checkers, rules, invariants = table.checkers, table.rules, table.invariants

    def check(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
        if type(value) is not dict or not value or (len(value) == 1 and "id" in value):
            return _not_an_element(value)
        found: Findings | None = None
        for key, child in value.items():
            # Two look-ups by subscript take less time than one by a method.
            below = (
                checkers[key](child, run) if key in checkers else _irregular(table, value, key, run)
            )
            if below is not None:
                found = joined(found, _placed(table, key, _settled(value, key, below, run)))
                if len(found) >= run.limit:
                    return found
        if rules or invariants:
            found = _judged(table, value, run, found)
        # A twin may have explained away all that was found.
        return found or None

    return check


def _judged(
    table: Table, value: dict[str, Any], run: Run, found: Findings | None
) -> Findings | None:
    for rule in table.rules:
        below = rule(value, run)
        if below is not None:
            found = joined(found, below)
    if found and any(finding.code in _MISSHAPEN for finding in found):
        return found
    for invariant in table.invariants:
        below = invariant(value, run)
        if below is not None:
            found = joined(found, below)
    return found


def _not_an_element(value: object) -> Findings:
    if type(value) is not dict:
        return wrong_json_type(value, "an object")
    if not value:
        return fault("structure", "An object may not be empty; leave the element out.")
    return fault("structure", "An element must have a value or children besides its id.")


def _irregular(table: Table, owner: dict[str, Any], key: str, run: Run) -> Findings | None:
    twin = table.twins.get(key)
    if twin is not None:
        return twin.check(owner, run)
    return fault("structure", "There is no property of this name here.")


def _settled(owner: dict[str, Any], key: str, below: Findings, run: Run) -> Findings:
    judged = [finding for finding in below if not isinstance(finding, NullFinding)]
    return judged if len(judged) == len(below) else judged + judge_nulls(owner, key, run)


def _placed(table: Table, key: str, below: Findings) -> Findings:
    name = table.names.get(key, key)
    # A path must stay a path, and tell no text that the name of a property could carry.
    return within(f".{name}", below) if _plain_name(name) else below
