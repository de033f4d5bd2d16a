"""Rules that see a whole object: what is required, one of a choice, and an Extension's content.

https://hl7.org/fhir/R4/datatypes.html#open
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.validation.finding import fault, joined, within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.fhir.definitions import Element
    from shared.fhir.validation.finding import Checker, Findings, Run


def required(elements: Sequence[Element]) -> Checker:
    """Make the rule that these elements are there, by a value or by its twin."""
    wanted = [(element.name, element.keys[0].json, _with_twins(element)) for element in elements]

    def check(value: dict[str, Any], _run: Run) -> Findings | None:
        found: Findings | None = None
        for name, key, keys in wanted:
            if key not in value and keys.isdisjoint(value):
                found = joined(found, fault("required", f"The element '{name}' is required."))
        return found

    return check


def one_of_each(choices: Sequence[Element]) -> Checker:
    """Make the rule that of each choice `[x]` only one type is there."""
    groups = [(choice.name, _with_twins(choice)) for choice in choices]

    def check(value: dict[str, Any], _run: Run) -> Findings | None:
        found: Findings | None = None
        for name, keys in groups:
            present = value.keys() & keys
            if len(present) > 1 and len({key.lstrip("_") for key in present}) > 1:
                many = fault("structure", f"Only one of the types of {name}[x] may be there.")
                found = joined(found, within(f".{name}", many))
        return found

    return check


def value_or_extensions(elements: Mapping[str, Element]) -> Checker:
    """Make the rule that an Extension has a value or extensions of its own (ext-1)."""
    values = _with_twins(elements["value"])

    def check(value: dict[str, Any], _run: Run) -> Findings | None:
        if ("extension" in value) == values.isdisjoint(value):
            return None
        return fault("invariant", "An extension has either a value or extensions (ext-1).")

    return check


def _with_twins(element: Element) -> frozenset[str]:
    names = [key.json for key in element.keys]
    return frozenset([*names, *(f"_{name}" for name in names)])
