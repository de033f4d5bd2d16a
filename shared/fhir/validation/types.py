"""The checker of each R4 type, built from its definition when it is first needed.

The checker of a child is a stub that replaces itself in its parent's table at first use: so types
may hold themselves (Extension, Questionnaire.item), and only the types that are met get built.
What warns is in tables of its own, so that a write pays nothing for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.fhir.definitions import TYPE_CODE, type_definition
from shared.fhir.definitions.advisory_bindings import advisory_bindings
from shared.fhir.validation.advice import advised
from shared.fhir.validation.bindings import bound_code, bound_concept
from shared.fhir.validation.finding import accept, fault, wrong_json_type
from shared.fhir.validation.frequent import FREQUENT
from shared.fhir.validation.invariants import rules_of
from shared.fhir.validation.invariants.stated import absolute_extensions
from shared.fhir.validation.lists import list_of, list_of_primitives
from shared.fhir.validation.objects import Table, object_checker
from shared.fhir.validation.primitives import PRIMITIVES, check_element_id
from shared.fhir.validation.references import reference_to
from shared.fhir.validation.rules import one_of_each, required, value_or_extensions
from shared.fhir.validation.twins import Twin

if TYPE_CHECKING:
    from shared.fhir.definitions import Element, Key, TypeDefinition
    from shared.fhir.definitions.advisory_bindings import AdvisoryBinding
    from shared.fhir.validation.finding import Checker, Findings, Run


def check_resource(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
    """Check a resource of any type, which is the root of whatever it contains."""
    before = run.resource, run.root, run.mentioned
    run.resource, run.root, run.mentioned = value, value, None
    found = _check_typed(value, run)
    run.resource, run.root, run.mentioned = before
    return found


def _check_contained(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
    before, run.resource = run.resource, value
    found = _check_typed(value, run)
    run.resource = before
    return found


def _check_typed(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
    if type(value) is not dict:
        return wrong_json_type(value, "a resource")
    name = value.get("resourceType")
    if name is None:
        return fault("required", "A resource must have a resourceType.")
    if type(name) is not str or name not in TYPE_CODE:
        return fault("structure", "The resourceType is not one of FHIR R4.")
    return checker_of(name, warnings=run.warnings)(value, run)


@cache
def checker_of(type_name: str, *, warnings: bool = False) -> Checker:
    """Find the checker of a resource type, a datatype or a backbone path.

    With `warnings` it tells what R4 only recommends, too.
    """
    if type_name in PRIMITIVES:
        return PRIMITIVES[type_name]
    if type_name == "Resource":
        return check_resource
    table = Table()
    _fill(table, type_definition(type_name), warnings=warnings)
    checker = object_checker(table)
    return FREQUENT[type_name](checker) if type_name in FREQUENT else checker


def _fill(table: Table, definition: TypeDefinition, *, warnings: bool) -> None:
    bindings = advisory_bindings(definition.name) if warnings else {}
    if definition.kind == "resource":
        table.checkers["resourceType"] = accept
    elements = [element for element in definition.elements.values() if element.max != 0]
    for element in elements:
        for key in element.keys:
            child = _Child(element, key, bindings.get(element.name), warnings=warnings)
            _defer(table.checkers, child, within=definition.name)
            if element.choice:
                table.names[key.json] = element.name
            if key.type in PRIMITIVES and _has_twin(definition, element):
                _add_twin(table, element, key)
    table.rules += _rules(definition, elements)
    table.invariants += rules_of(definition, warnings=warnings)


@dataclass(frozen=True, slots=True)
class _Child:
    """One JSON property of a type, of which a checker can be made."""

    element: Element
    key: Key
    advice: AdvisoryBinding | None
    warnings: bool = field(kw_only=True)

    @property
    def checker(self) -> Checker:
        """The checker of what stands there, once or in a list."""
        checker, is_primitive = self._of_one, self.key.type in PRIMITIVES
        if self.element.max == 1:
            return checker
        return list_of_primitives(checker) if is_primitive else list_of(checker)

    @property
    def _of_one(self) -> Checker:
        type_name, binding = self.key.type, self.element.binding
        if self.key.json == "contained":
            return _check_contained
        if self.key.json == "id" and type_name == "string":
            return check_element_id
        checker = checker_of(type_name, warnings=self.warnings)
        if type_name == "Reference":
            return reference_to(self.key.targets, checker)
        if binding is not None:
            bound = bound_code if type_name in PRIMITIVES else bound_concept
            return bound(binding, checker)
        return checker if self.advice is None else advised(self.advice, type_name, checker)


def _defer(checkers: dict[str, Checker], child: _Child, *, within: str) -> None:
    # Extensions in an extension may be named relative to it.
    names_its_own = child.key.type == "Extension" and within != "Extension"

    def stub(value: object, run: Run) -> Findings | None:
        checker = absolute_extensions(child.checker) if names_its_own else child.checker
        checkers[child.key.json] = checker
        return checker(value, run)

    checkers[child.key.json] = stub


def _has_twin(definition: TypeDefinition, element: Element) -> bool:
    # These are attributes in XML, which can have no children.
    if definition.name == "Extension" and element.name == "url":
        return False
    is_attribute = element.name == "id" and definition.kind != "resource"
    return not is_attribute and element.keys[0].type != "xhtml"


def _add_twin(table: Table, element: Element, key: Key) -> None:
    table.names[f"_{key.json}"] = element.name
    table.twins[f"_{key.json}"] = Twin(key.json, element.max is None, _check_element)


def _check_element(value: object, run: Run) -> Findings | None:
    return checker_of("Element", warnings=run.warnings)(value, run)


def _rules(definition: TypeDefinition, elements: list[Element]) -> list[Checker]:
    rules = []
    if needed := [element for element in elements if element.min]:
        rules.append(required(needed))
    if choices := [element for element in elements if element.choice]:
        rules.append(one_of_each(choices))
    if definition.name == "Extension":
        rules.append(value_or_extensions(definition.elements))
    return rules
