"""One module per type of search parameter: what its values are, in a query and in a resource.

A type without a module, special, is not served.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from shared.fhir.search.values import (
    composite,
    date,
    number,
    quantity,
    reference,
    string,
    token,
    uri,
)
from shared.fhir.search.values.composite import Together
from shared.fhir.search.values.concepts import Concepts
from shared.fhir.search.values.date import Moment
from shared.fhir.search.values.number import Amount
from shared.fhir.search.values.reference import LogicalTarget, Target
from shared.fhir.search.values.string import Text
from shared.fhir.search.values.token import Token, TypedIdentifier
from shared.fhir.search.values.uri import Uri, UriPart

if TYPE_CHECKING:
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading

Value = (
    Token
    | TypedIdentifier
    | Concepts
    | Text
    | Moment
    | Uri
    | UriPart
    | Target
    | LogicalTarget
    | Amount
    | Together
)
Converter = Callable[[Any, "Collector"], None]


class ValueType(Protocol):
    """What the module of a type has."""

    @property
    def MODIFIERS(self) -> frozenset[str]:  # noqa: N802
        """The modifiers that are served, apart from `missing`."""

    @property
    def UNSERVED_MODIFIERS(self) -> frozenset[str]:  # noqa: N802
        """Those of R4 that are not."""

    def parse(
        self, parameter: Parameter, modifier: str | None, text: str, reading: Reading, /
    ) -> Value:
        """Read a value of a query."""

    def converter(self, parameter: Parameter, path: Path, /) -> Converter | None:
        """Choose how values of a resource are indexed."""


VALUE_TYPES: Final[Mapping[str, ValueType]] = {
    "token": token,
    "string": string,
    "date": date,
    "reference": reference,
    "uri": uri,
    "number": number,
    "quantity": quantity,
    "composite": composite,
}
# How a type stores the texts that a search may give a part of.
TEXT_CONVERTERS: Final[Mapping[str, Callable[[Parameter, Path], Converter | None]]] = {
    "token": token.text_converter,
    "uri": uri.text_converter,
}

__all__ = [
    "TEXT_CONVERTERS",
    "VALUE_TYPES",
    "Amount",
    "Concepts",
    "Converter",
    "LogicalTarget",
    "Moment",
    "Target",
    "Text",
    "Together",
    "Token",
    "TypedIdentifier",
    "Uri",
    "UriPart",
    "Value",
    "ValueType",
]
