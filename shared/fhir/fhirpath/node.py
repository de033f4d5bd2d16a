"""A value as FHIRPath sees it: a JSON value of a resource with its type and place, or one computed.

https://hl7.org/fhir/R4/fhirpath.html#types
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from jiter import LosslessFloat

from shared.fhir.fhirpath.errors import InvalidExpression
from shared.fhir.fhirpath.quantity import Quantity, quantity_of
from shared.fhir.fhirpath.temporal import Temporal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

_MOMENTS: Final = frozenset({"date", "dateTime", "instant", "time"})
_INTEGERS: Final = frozenset({"integer", "positiveInt", "unsignedInt"})
QUANTITIES: Final = frozenset(
    {"Quantity", "SimpleQuantity", "MoneyQuantity", "Age", "Count", "Distance", "Duration"}
)


class Node:
    """One item of a collection.

    `value` is JSON, None where a primitive has only its `twin` of id and extensions, or a Python
    value for System types. A part of a resource knows its parent, the element's name, the JSON
    key and the place in its array.
    """

    __slots__ = ("index", "key", "name", "parent", "twin", "type", "value")

    def __init__(  # noqa: PLR0913
        self,
        value: Any,  # noqa: ANN401
        type_name: str,
        *,
        twin: JsonObject | None = None,
        parent: Node | None = None,
        name: str = "",
        key: str = "",
        index: int | None = None,
    ) -> None:
        self.value = value
        self.type = type_name
        self.twin = twin
        self.parent = parent
        self.name = name
        self.key = key
        self.index = index

    @property
    def location(self) -> str:
        """The FHIRPath of this place, with indexes: `Patient.name[0].given[1]`."""
        if self.parent is None:
            return self.type
        place = "" if self.index is None else f"[{self.index}]"
        return f"{self.parent.location}.{self.name}{place}"

    @property
    def system(self) -> Any:  # noqa: ANN401
        """The value as operators see it; None where there is none, or it is not a simple one.

        :raises InvalidExpression: a text is not what its type says.
        """
        value = self.value
        if self.type.startswith("System."):
            return value
        if type(value) is dict:
            return _quantity(value) if self.type in QUANTITIES else None
        if type(value) is LosslessFloat or (self.type == "decimal" and type(value) is int):
            return decimal_of(value)
        if self.type in _MOMENTS and type(value) is str:
            return Temporal.read(value)
        return value


def root_node(resource: JsonObject) -> Node:
    """Make the node of a whole resource.

    :raises InvalidExpression: it does not say its type.
    """
    name = resource.get("resourceType")
    if not isinstance(name, str):
        raise InvalidExpression("A resource must have a resourceType.")
    return Node(resource, name)


def decimal_of(value: Any) -> Decimal:  # noqa: ANN401
    """Give a JSON number with all its digits."""
    return value.as_decimal() if type(value) is LosslessFloat else Decimal(value)


def _quantity(value: JsonObject) -> Quantity | None:
    number = value.get("value")
    known = None if number is None else decimal_of(number)
    return quantity_of(known, value.get("system"), value.get("code"), value.get("unit"))


_SYSTEM_TYPES: Final = {
    bool: "System.Boolean",
    int: "System.Integer",
    Decimal: "System.Decimal",
    str: "System.String",
    Quantity: "System.Quantity",
}


def system_node(value: Any) -> Node:  # noqa: ANN401
    """Make the node of a value that was computed."""
    if isinstance(value, Temporal):
        return Node(value, value.system_type)
    return Node(value, _SYSTEM_TYPES[type(value)])


def values(nodes: Iterable[Node]) -> list[Any]:
    """Give the bare values: JSON for parts of a resource, Python's for those computed."""
    return [node.value for node in nodes]
