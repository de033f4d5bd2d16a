"""The rules of R4's types, each made a checker once: by hand, or compiled from its FHIRPath.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.definitions import Element, Invariant, TypeDefinition, invariants
from shared.fhir.fhirpath import InvalidExpression, parse
from shared.fhir.validation.finding import Finding, joined, within
from shared.fhir.validation.invariants.bundles import check_entries
from shared.fhir.validation.invariants.by_hand import BY_HAND
from shared.fhir.validation.invariants.compiler import Compiler
from shared.fhir.validation.invariants.contained import check_contained
from shared.fhir.validation.invariants.rewrites import LEFT_OUT, expression_of
from shared.fhir.validation.invariants.stated import stated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from shared.fhir.validation.finding import Checker, Findings, Run

__all__ = ["rules_of", "test_of"]


def rules_of(definition: TypeDefinition, *, warnings: bool = False) -> list[Checker]:
    """Make the checkers of a type's rules; each sees an object whose shape is right.

    Those that only warn are among them where `warnings` are wanted.
    """
    return [*_checkers(definition, {"error", "warning"} if warnings else {"error"})]


def _checkers(definition: TypeDefinition, severities: Collection[str]) -> Iterator[Checker]:
    for rule in invariants(definition.name):
        wanted = rule.severity in severities and rule.key not in LEFT_OUT
        if wanted and not _looks_around(definition.name, rule):
            yield _checker(definition, rule)
    # What looks around in the resource is asked when all of it was seen.
    for element in definition.elements.values():
        inner = f"{definition.name}.{element.name}"
        for rule in invariants(inner):
            if rule.severity in severities and _looks_around(inner, rule):
                yield _of_element(element, inner, rule)
    yield from stated(definition)
    if definition.kind == "resource" and "contained" in definition.elements:
        yield check_contained
    if definition.name == "Bundle":
        yield check_entries


def _looks_around(name: str, rule: Invariant) -> bool:
    return "." in name and "%resource" in rule.expression


def _checker(definition: TypeDefinition, rule: Invariant) -> Checker:
    if rule.element:
        return _of_element(definition.elements[rule.element], definition.name, rule)
    return _judged(test_of(definition.name, rule, frozenset({definition.name})), rule)


def test_of(name: str, rule: Invariant, types: frozenset[str]) -> Callable[[Any, Run], bool | None]:
    """Make the function that tells whether a rule of a type holds for a value of other types."""
    if (name, rule.key) in BY_HAND:
        return BY_HAND[name, rule.key]
    resource_type = name.partition(".")[0]
    tree = parse(expression_of(name, rule.key, rule.expression))
    return Compiler(types, resource_type).make(tree).test


def _judged(test: Callable[[Any, Run], bool | None], rule: Invariant) -> Checker:
    told, severity = f"{rule.human} ({rule.key})", rule.severity

    def check(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
        try:
            if test(value, run):
                return None
        except InvalidExpression:
            # It met another fault, which is told at its own place.
            return None
        return [Finding("invariant", told, severity)]

    return check


def _of_element(element: Element, name: str, rule: Invariant) -> Checker:
    checkers = {
        key.json: _judged(test_of(name, rule, frozenset({key.type})), rule) for key in element.keys
    }

    def check(value: dict[str, Any], run: Run) -> Findings | None:
        found: Findings | None = None
        for key, checker in checkers.items():
            child: Any = value.get(key)
            many = type(child) is list
            for index, each in enumerate(child if many else [child]):
                below = None if each is None else checker(each, run)
                if below is not None:
                    place = f".{element.name}[{index}]" if many else f".{element.name}"
                    found = joined(found, within(place, below))
        return found

    return check
