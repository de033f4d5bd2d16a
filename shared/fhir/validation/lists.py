"""Elements that repeat: a JSON array that is not empty.

https://hl7.org/fhir/R4/json.html#repeat
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.validation.finding import NullFinding, fault, joined, within, wrong_json_type

if TYPE_CHECKING:
    from shared.fhir.validation.finding import Checker, Findings, Run


def list_of(item: Checker) -> Checker:
    """Make the checker of an array of objects."""

    def check(value: object, run: Run) -> Findings | None:
        if type(value) is not list or not value:
            return not_an_array(value)
        if len(value) == 1:
            below = item(value[0], run)
            return None if below is None else within("[0]", below)
        found: Findings | None = None
        for index, child in enumerate(value):
            below = item(child, run)
            if below is not None:
                found = joined(found, within(f"[{index}]", below))
                if len(found) >= run.limit:
                    return found
        return found

    return check


def list_of_primitives(item: Checker) -> Checker:
    """Make the checker of an array of primitives; its owner judges the nulls."""

    def check(value: object, run: Run) -> Findings | None:
        if type(value) is not list or not value:
            return not_an_array(value)
        found: Findings | None = None
        for index, child in enumerate(value):
            if child is None:
                continue
            below = item(child, run)
            if below is not None:
                found = joined(found, within(f"[{index}]", below))
                if len(found) >= run.limit:
                    return found
        if None in value:
            found = joined(found, [NullFinding("structure", "")])
        return found

    return check


def not_an_array(value: object) -> Findings:
    """Answer that this is no array, or an empty one."""
    if type(value) is list:
        return fault("structure", "An array may not be empty; leave the element out.")
    return wrong_json_type(value, "an array: the element may repeat")
