"""The `_twin` of a primitive: where its id and extensions stand in JSON.

https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.fhir.validation.finding import fault, joined, within
from shared.fhir.validation.lists import not_an_array
from shared.fhir.validation.primitives import check_element_id

if TYPE_CHECKING:
    from shared.fhir.validation.finding import Checker, Findings, Run

_HOLLOW = "A primitive must have a value or an extension."


@dataclass(frozen=True, slots=True)
class Twin:
    """The twin of one primitive element; `element` checks an object of id and extensions."""

    key: str
    repeats: bool
    element: Checker

    def check(self, owner: dict[str, Any], run: Run) -> Findings | None:
        """Check the twin beside the value it belongs to."""
        twin, value = owner[f"_{self.key}"], owner.get(self.key)
        if not self.repeats:
            return self._check_one(twin, run, has_value=value is not None)
        if type(twin) is not list or not twin:
            return not_an_array(twin)
        values = value if type(value) is list else [value] * len(twin)
        if len(values) != len(twin):
            return fault("structure", "The array of values and its twin must be of one length.")
        if value is None and None in twin:
            # Without values there are no places to keep.
            return fault("structure", _HOLLOW)
        return self._check_each(twin, values, run)

    def _check_each(self, twin: list[Any], values: list[Any], run: Run) -> Findings | None:
        found: Findings | None = None
        for index, (entry, value) in enumerate(zip(twin, values, strict=True)):
            # Where both are null, the array of values tells it.
            if entry is None:
                continue
            below = self._check_one(entry, run, has_value=value is not None)
            if below is not None:
                found = joined(found, within(f"[{index}]", below))
                if len(found) >= run.limit:
                    break
        return found

    def _check_one(self, twin: object, run: Run, *, has_value: bool) -> Findings | None:
        if isinstance(twin, dict) and has_value and twin.keys() == {"id"}:
            found = check_element_id(twin["id"], run)
            return found and within(".id", found)
        found = self.element(twin, run)
        if found is None and not has_value and "extension" not in twin:  # type: ignore[operator]
            return fault("structure", _HOLLOW)
        return found


def judge_nulls(owner: dict[str, Any], key: str, run: Run) -> Findings:
    """Find the nulls of an array whose place no twin fills."""
    values = owner[key]
    twin = owner.get(f"_{key}", [None] * len(values))
    if type(twin) is not list or len(twin) != len(values):
        # That is the twin's fault, and is told of it.
        return []
    found: Findings = []
    for index, (value, entry) in enumerate(zip(values, twin, strict=True)):
        if value is None and entry is None:
            found += within(f"[{index}]", fault("structure", _HOLLOW))
            if len(found) >= run.limit:
                break
    return found
