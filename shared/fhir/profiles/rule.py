"""What a profile says about one element, or about one slice of it.

https://hl7.org/fhir/R4/elementdefinition.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from shared.fhir.definitions import type_names
from shared.fhir.fhirpath import InvalidExpression, parse

if TYPE_CHECKING:
    from shared.fhir.fhirpath.syntax import Expression
    from shared.fhir.reader import JsonObject

_FHIR: Final = "http://hl7.org/fhir/StructureDefinition/"
# Hold by structure, or say nothing, wherever they are repeated.
_STRUCTURAL: Final = frozenset({"ele-1", "ext-1", "dom-6"})


class TypeRule(NamedTuple):
    """A type that an element may have, with the profiles of it and of what it refers to."""

    code: str
    profiles: tuple[str, ...]
    targets: tuple[str, ...]


class Constraint(NamedTuple):
    """A rule in FHIRPath; it has no expression where that cannot be read."""

    key: str
    severity: Literal["error", "warning"]
    human: str
    expression: Expression | None


class Discriminator(NamedTuple):
    """How to tell to which slice a value belongs."""

    type: str
    path: str


class Slicing(NamedTuple):
    """How the values of an element are divided."""

    discriminators: tuple[Discriminator, ...]
    rules: str
    ordered: bool


@dataclass(slots=True)
class Rule:
    """A node of a profile's tree: what is said of an element, its children and its slices."""

    name: str
    min: int = 0
    max: int | None = None
    types: tuple[TypeRule, ...] = ()
    fixed: Any = None
    pattern: Any = None
    least: tuple[str, Any] | None = None
    most: tuple[str, Any] | None = None
    max_length: int | None = None
    binding: tuple[str, str] | None = None
    constraints: tuple[Constraint, ...] = ()
    slicing: Slicing | None = None
    children: dict[str, Rule] = field(default_factory=dict)
    slices: dict[str, Rule] = field(default_factory=dict)

    def child(self, name: str) -> Rule:
        """Find the rule of a child, or begin one."""
        return self.children.setdefault(name, Rule(name))

    def slice(self, name: str) -> Rule:
        """Find the rule of a slice, or begin one."""
        return self.slices.setdefault(name, Rule(self.name))

    def take(self, element: JsonObject) -> None:
        """Take over what an ElementDefinition says."""
        greatest = element.get("max", "*")
        self.min = element.get("min", 0)
        self.max = None if greatest == "*" else int(greatest)
        self.types = tuple(map(_type_rule, element.get("type", ()))) or self.types
        self.fixed = _choice(element, "fixed")[1]
        self.pattern = _choice(element, "pattern")[1]
        self.least = _limit(element, "minValue")
        self.most = _limit(element, "maxValue")
        self.max_length = element.get("maxLength")
        self.binding = _binding(element)
        said = element.get("constraint", ())
        self.constraints = tuple(_constraint(each) for each in said if not _is_r4s(each))
        self.slicing = _slicing(element["slicing"]) if "slicing" in element else self.slicing


def _choice(element: JsonObject, name: str) -> tuple[str, Any]:
    """Find the value of a choice and its type's name as the key has it."""
    for key, value in element.items():
        if key.startswith(name) and key[len(name) : len(name) + 1].isupper():
            return key.removeprefix(name), value
    return "", None


def _limit(element: JsonObject, name: str) -> tuple[str, Any] | None:
    type_name, value = _choice(element, name)
    if not type_name:
        return None
    # The key has `DateTime` for dateTime, and Quantity as it is.
    name = type_name if type_name in type_names() else type_name[0].lower() + type_name[1:]
    return name, value


def _type_rule(said: JsonObject) -> TypeRule:
    code = said.get("code", "")
    return TypeRule(code, tuple(said.get("profile", ())), tuple(said.get("targetProfile", ())))


def _binding(element: JsonObject) -> tuple[str, str] | None:
    binding = element.get("binding", {})
    if "valueSet" not in binding:
        return None
    return binding.get("strength", "example"), binding["valueSet"].partition("|")[0]


def _slicing(said: JsonObject) -> Slicing:
    found = tuple(
        Discriminator(each.get("type", "value"), each.get("path", "$this"))
        for each in said.get("discriminator", ())
    )
    return Slicing(found, said.get("rules", "open"), bool(said.get("ordered", False)))


def _is_r4s(said: JsonObject) -> bool:
    # A snapshot repeats the rules of R4's own types, which hold already.
    source = said.get("source", "")
    own = source.startswith(_FHIR) and source.removeprefix(_FHIR) in type_names()
    return own or said.get("key") in _STRUCTURAL


def _constraint(said: JsonObject) -> Constraint:
    try:
        expression = parse(said["expression"]) if "expression" in said else None
    except InvalidExpression:
        expression = None
    return Constraint(said["key"], said.get("severity", "error"), said.get("human", ""), expression)
