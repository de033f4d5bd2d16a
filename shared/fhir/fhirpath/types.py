"""The types of FHIRPath and FHIR: which is a kind of which.

https://hl7.org/fhir/R4/fhirpath.html#types
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import type_definition, type_names

if TYPE_CHECKING:
    from shared.fhir.fhirpath.node import Node

_SYSTEM: Final = frozenset(
    {"Boolean", "Integer", "Decimal", "String", "Date", "DateTime", "Time", "Quantity", "Any"}
)
_BASES: Final = {
    "code": "string",
    "id": "string",
    "markdown": "string",
    "canonical": "uri",
    "oid": "uri",
    "url": "uri",
    "uuid": "uri",
    "positiveInt": "integer",
    "unsignedInt": "integer",
    "Age": "Quantity",
    "Count": "Quantity",
    "Distance": "Quantity",
    "Duration": "Quantity",
    "MoneyQuantity": "Quantity",
    "SimpleQuantity": "Quantity",
    "Dosage": "BackboneElement",
    "ElementDefinition": "BackboneElement",
    "Timing": "BackboneElement",
    "BackboneElement": "Element",
    "Element": "",
    "Resource": "",
    "DomainResource": "Resource",
}


def is_type(node: Node, name: str) -> bool:
    """Tell whether a node is of a type or of one made from it.

    A name may say its namespace (`FHIR.string`, `System.String`); without one, either will do.
    """
    namespace, _, plain = name.rpartition(".")
    if namespace not in {"", "FHIR", "System"}:
        # The type of a backbone element goes by its path.
        return node.type == name
    if node.type.startswith("System."):
        return namespace != "FHIR" and node.type == f"System.{plain}"
    return namespace != "System" and plain in supertypes(node.type)


def exists(name: str) -> bool:
    """Tell whether there is a type of this name."""
    namespace, _, plain = name.rpartition(".")
    if namespace == "System":
        return plain in _SYSTEM
    fhir = plain in type_names() or name in type_names()
    return fhir or (namespace == "" and plain in _SYSTEM)


@cache
def supertypes(type_name: str) -> frozenset[str]:
    """Name a FHIR type and all that it is a kind of."""
    found = [type_name]
    while base := _base(found[-1]):
        found.append(base)
    return frozenset(found)


def _base(type_name: str) -> str:
    if type_name in _BASES:
        return _BASES[type_name]
    definition = type_definition(type_name)
    if definition.kind == "resource":
        return "DomainResource" if "text" in definition.elements else "Resource"
    if definition.kind == "backbone" and "modifierExtension" in definition.elements:
        return "BackboneElement"
    return "Element"
