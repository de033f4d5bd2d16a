"""Search parameters that are stored as SearchParameter, beside R4's own.

Their FHIRPath may say anything, so it is evaluated for each resource, and each value is indexed by
its own type. Where an expression cannot be computed for a resource, that one has no value.

https://hl7.org/fhir/R4/searchparameter.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.definitions import RESOURCE_TYPES, type_definition
from shared.fhir.fhirpath import Environment, InvalidExpression, evaluate, root_node
from shared.fhir.fhirpath.temporal import Temporal
from shared.fhir.references import parse_reference
from shared.fhir.search.expression import Path
from shared.fhir.search.parameters import Parameter, served_parameters
from shared.fhir.search.terms import present_term
from shared.fhir.search.values import TEXT_CONVERTERS, VALUE_TYPES, token

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shared.fhir.definitions import SearchType
    from shared.fhir.fhirpath import Node
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector

# The types of the values that a parameter of a type can have: what else is found, is passed over.
VALUES_OF: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "token": frozenset(
            {
                "Coding", "CodeableConcept", "Identifier", "ContactPoint", "boolean", "code",
                "string", "uri", "id",
            }
        ),
        "string": frozenset({"string", "markdown", "HumanName", "Address"}),
        "date": frozenset({"date", "dateTime", "instant", "Period", "Timing"}),
        "number": frozenset({"decimal", "integer", "positiveInt", "unsignedInt", "Range"}),
        "quantity": frozenset(
            {"Quantity", "SimpleQuantity", "Age", "Count", "Distance", "Duration", "Money", "Range"}
        ),
        "reference": frozenset({"Reference"}),
        "uri": frozenset({"uri", "url", "canonical", "oid", "uuid"}),
    }
)  # fmt: skip
# What is sorted by is stored as values; of the other types the index has hashes only, and R4's own
# parameters are read from the resource, where an expression of FHIRPath cannot be.
_SORTABLE: Final = frozenset({"date", "number", "quantity", "string"})
# What an expression computes, by the type of FHIR that it is indexed like.
_COMPUTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "System.Boolean": "boolean",
        "System.String": "string",
        "System.Integer": "integer",
        "System.Decimal": "decimal",
        "System.Date": "date",
        "System.DateTime": "dateTime",
    }
)


@dataclass(frozen=True, slots=True)
class StoredParameter:
    """A parameter as one type has it: what computes its values, and since which generation."""

    parameter: Parameter
    expression: str
    generation: int

    def collect(self, resource: JsonObject, collector: Collector) -> None:
        """Index what is found in a resource."""
        root = root_node(resource)
        world = Environment(root, root, root, resolve=_stub, now=None)
        try:
            found = evaluate(self.expression, root, world)
        except InvalidExpression:
            return
        for node in found:
            self._add(node, collector)

    def _add(self, node: Node, collector: Collector) -> None:
        parameter = self.parameter
        type_name = _COMPUTED.get(node.type, node.type)
        value = _computed(node.value)
        if value is None or type_name not in parameter.value_types:
            return
        path = _path_of(node, type_name)
        of_texts = TEXT_CONVERTERS.get(parameter.type)
        for convert in (parameter.converter(path), of_texts and of_texts(parameter, path)):
            if convert is not None:
                collector.add(present_term(parameter.number))
                convert(value, collector)


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored parameters of each type, as of a generation."""

    generation: int = 0
    of_types: Mapping[str, Mapping[str, StoredParameter]] = field(default_factory=dict)

    def of(self, resource_type: str) -> Iterable[StoredParameter]:
        """List those of a type."""
        return self.of_types.get(resource_type, {}).values()

    def served(self, resource_type: str) -> Mapping[str, Parameter]:
        """Find all parameters of a type, by code: R4's own and those stored."""
        own = served_parameters(resource_type)
        more = self.of_types.get(resource_type)
        if not more:
            return own
        return {**own, **{code: each.parameter for code, each in more.items()}}

    def since(self, resource_type: str, number: int) -> int | None:
        """Tell since which generation a type has a stored parameter; None where it is R4's own."""
        found = (each for each in self.of(resource_type) if each.parameter.number == number)
        return next((each.generation for each in found), None)


NOTHING: Final = Stored()


@dataclass(frozen=True, slots=True)
class Registered:
    """A SearchParameter as it was registered, with the number that is its own."""

    number: int
    generation: int
    definition: JsonObject


def stored_parameters(generation: int, registered: Iterable[Registered]) -> Stored:
    """Bring what was registered into the form that resources and queries are read by."""
    found: dict[str, dict[str, StoredParameter]] = {}
    for each in registered:
        for base in each.definition["base"]:
            found.setdefault(base, {})[each.definition["code"]] = StoredParameter(
                _parameter(base, each), each.definition["expression"], each.generation
            )
    return Stored(generation, found)


def _parameter(base: str, registered: Registered) -> Parameter:
    definition = registered.definition
    kind: SearchType = definition["type"]
    values = VALUES_OF[kind]
    targets = tuple(definition.get("target", ())) or RESOURCE_TYPES
    return Parameter(
        code=definition["code"],
        number=registered.number,
        type=kind,
        targets=targets,
        paths=(Path((), base),),
        value_types=values,
        is_main_date=False,
        is_expected=False,
        is_compartment=False,
        is_sortable=kind in _SORTABLE,
        modifiers=_modifiers(kind, values, targets),
        description=definition.get("description", ""),
        url=definition["url"],
    )


def _modifiers(kind: str, values: frozenset[str], targets: tuple[str, ...]) -> tuple[str, ...]:
    valid = {"missing", *VALUE_TYPES[kind].MODIFIERS}
    if kind == "token":
        valid = {"missing", *token.modifiers_of(values)}
    if kind == "reference":
        valid.update(targets)
    return tuple(sorted(valid))


def _path_of(node: Node, type_name: str) -> Path:
    """Tell of a value what the paths of R4's own parameters tell: its element and whose it is."""
    if node.parent is None:
        return Path((), type_name)
    holder = node.parent.type
    element = type_definition(holder).elements.get(node.name)
    return Path((), type_name, element, holder) if element else Path((), type_name, holder=holder)


def _computed(value: Any) -> Any:  # noqa: ANN401
    """Write a value that was computed as JSON has it."""
    if isinstance(value, Temporal):
        return value.written()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _stub(text: str) -> dict[str, Any] | None:
    """Give of a reference's target what the reference itself says: its type."""
    link = parse_reference(text)
    return {"resourceType": link.type} if link.type in RESOURCE_TYPES else None
