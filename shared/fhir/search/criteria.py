"""Reads a criterion of one type: its parameter and modifier, then its values.

https://hl7.org/fhir/R4/search.html#parameters
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import search_parameters
from shared.fhir.errors import InvalidSearch, NotSupported
from shared.fhir.search.escapes import split
from shared.fhir.search.links import NoParameter
from shared.fhir.search.query import Criterion, Missing
from shared.fhir.search.stored import NOTHING, Stored
from shared.fhir.search.values import VALUE_TYPES

if TYPE_CHECKING:
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading

MOST_VALUES: Final = 100
_UNSERVED: Final = frozenset(
    {
        "_contained", "_containedType", "_content", "_filter", "_query", "_score", "_text",
        "_type",
    }
)  # fmt: skip


def read_name(
    resource_type: str, name: str, stored: Stored = NOTHING
) -> tuple[Parameter, str | None]:
    """Read the parameter of a type, and a modifier that it takes.

    :raises InvalidSearch: the one or the other is not valid; the valid ones are listed.
    :raises NotSupported: R4 has it, this server does not.
    """
    code, mark, modifier = name.partition(":")
    parameter = stored.served(resource_type).get(code)
    if parameter is None:
        raise _no_parameter(resource_type, code, stored)
    if not mark:
        return parameter, None
    if modifier in parameter.modifiers:
        return parameter, modifier
    listed = f"valid for '{code}' are {', '.join(parameter.modifiers) or 'none'}."
    if modifier in VALUE_TYPES[parameter.type].UNSERVED_MODIFIERS:
        raise NotSupported(f"The modifier ':{modifier}' is not supported; {listed}")
    raise InvalidSearch(f"There is no modifier ':{modifier}' here; {listed}")


def _no_parameter(resource_type: str, code: str, stored: Stored) -> InvalidSearch | NotSupported:
    listed = f"valid for {resource_type} are {', '.join(stored.served(resource_type))}."
    if code in _UNSERVED or code in search_parameters(resource_type):
        return NotSupported(f"The search parameter '{code}' is not supported; {listed}")
    return NoParameter(f"There is no search parameter '{code}'; {listed}")


def read_values(
    parameter: Parameter, modifier: str | None, text: str, reading: Reading
) -> Criterion | Missing:
    """Read what is asked of the parameter.

    :raises InvalidSearch: a value cannot be read.
    """
    if modifier == "missing":
        if text not in {"true", "false"}:
            raise InvalidSearch(f"'{parameter.code}:missing' must be true or false.")
        return Missing(parameter, text == "true")
    texts = split(text, ",")
    if len(texts) > MOST_VALUES:
        raise InvalidSearch(f"'{parameter.code}' takes at most {MOST_VALUES} values.")
    if not all(texts):
        raise InvalidSearch(f"'{parameter.code}' has an empty value.")
    read = VALUE_TYPES[parameter.type].parse
    return Criterion(
        parameter, modifier, tuple(read(parameter, modifier, each, reading) for each in texts)
    )
