"""The search parameters of a type that are served, with the paths to their values.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import RESOURCE_TYPES, compartment_parameters, search_parameters
from shared.fhir.search.expression import Path, paths
from shared.fhir.search.values import VALUE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.definitions import SearchParameterDefinition, SearchType
    from shared.fhir.search.values import Converter

# The first of these that a type has is its main date, else the first that can be.
_MAIN_DATES: Final = (
    "date", "authored", "authored-on", "authoredon", "created", "recorded-date", "recorded",
    "birthdate", "sent", "start-date",
)  # fmt: skip
_DATE_TYPES: Final = frozenset({"date", "dateTime", "instant", "Period", "Timing"})
# These are columns of the record: the values in the JSON are the client's.
COLUMNS: Final = frozenset({"_id", "_lastUpdated"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of one type.

    A value of the main date stands in the search row itself. `is_expected` says that every valid
    resource has a value, `is_compartment` that it puts the resource into a patient's compartment.
    """

    code: str
    number: int
    type: SearchType
    targets: tuple[str, ...]
    paths: tuple[Path, ...]
    value_types: frozenset[str]
    is_main_date: bool
    is_expected: bool
    is_compartment: bool
    description: str
    url: str

    def converters(self) -> list[tuple[Path, Converter]]:
        """Pair each path with how its values are indexed, where they can be."""
        found = ((path, VALUE_TYPES[self.type].converter(self, path)) for path in self.paths)
        return [(path, converter) for path, converter in found if converter is not None]


@cache
def served_parameters(resource_type: str) -> Mapping[str, Parameter]:
    """Find the parameters of a type, by code, that this server searches by."""
    found = {
        code: _parameter(resource_type, definition)
        for code, definition in search_parameters(resource_type).items()
        if definition.type in VALUE_TYPES
    }
    return {code: parameter for code, parameter in found.items() if parameter.converters()}


def _parameter(resource_type: str, definition: SearchParameterDefinition) -> Parameter:
    ways = paths(resource_type, definition.expression)
    return Parameter(
        code=definition.code,
        number=definition.number,
        type=definition.type,
        targets=definition.targets or RESOURCE_TYPES,
        paths=ways,
        value_types=frozenset(path.type for path in ways),
        is_main_date=definition.code == _main_date(resource_type),
        is_expected=any(path.required for path in ways),
        is_compartment=definition.code in compartment_parameters("Patient", resource_type),
        description=definition.description,
        url=definition.url,
    )


@cache
def _main_date(resource_type: str) -> str | None:
    able = [
        code
        for code, definition in search_parameters(resource_type).items()
        if definition.type == "date" and code not in COLUMNS
        if _has_one_value(paths(resource_type, definition.expression))
    ]
    return next((code for code in (*_MAIN_DATES, *able) if code in able), None)


def _has_one_value(ways: tuple[Path, ...]) -> bool:
    dates = [path for path in ways if path.type in _DATE_TYPES]
    places = {(path.steps[:-1], path.element.name) for path in dates}
    return len(places) == 1 and all(path.single for path in dates)
