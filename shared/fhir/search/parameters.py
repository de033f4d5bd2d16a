"""The search parameters of a type that are served, with the paths to their values.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.definitions import RESOURCE_TYPES, compartment_parameters, search_parameters
from shared.fhir.search.expression import Path, paths
from shared.fhir.search.values import TEXT_CONVERTERS, VALUE_TYPES, token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.definitions import SearchParameterDefinition, SearchType
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter, Value

# The first of these that a type has is its main date, else the first that can be.
_MAIN_DATES: Final = (
    "date", "authored", "authored-on", "authoredon", "created", "recorded-date", "recorded",
    "birthdate", "sent", "start-date",
)  # fmt: skip
_DATE_TYPES: Final = frozenset({"date", "dateTime", "instant", "Period", "Timing"})
# These are columns of the record: the values in the JSON are the client's.
COLUMNS: Final = frozenset({"_id", "_lastUpdated"})
_UNSORTABLE: Final = frozenset({"composite", "special"})
# An AuditEvent is a view of a row of the audit: it is searched by what the row's columns tell. Its
# id is made of a column, in no order.
_VIEWS: Final = frozenset({"AuditEvent"})


class Part(NamedTuple):
    """A part of a composite parameter, and the path to its values from the composite's element."""

    parameter: Parameter
    expression: str

    @property
    def is_beside(self) -> bool:
        """Tell whether its values stand elsewhere in the resource than the element."""
        return self.expression.startswith("%resource.")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of one type.

    A value of the main date stands in the search row itself. `is_expected` says that every valid
    resource has a value, `is_compartment` that it puts the resource into a patient's compartment.
    `modifiers` are those it takes.

    `members` are those whose values it has, if it has none of its own: `combo-code` means `code`
    and `component-code`. `parts` are those of a composite.
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
    is_sortable: bool
    modifiers: tuple[str, ...]
    description: str
    url: str
    members: tuple[Parameter, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def is_derived(self) -> bool:
        """Tell whether other parameters answer for it, and nothing is indexed.

        In an element that there is once only, the parts of a composite need not be joined.
        """
        return bool(self.members) or (bool(self.parts) and all(path.single for path in self.paths))

    def parse(self, modifier: str | None, text: str, reading: Reading) -> Value:
        """Read a value of a query.

        :raises InvalidSearch: it cannot be read.
        """
        return VALUE_TYPES[self.type].parse(self, modifier, text, reading)

    def converter(self, path: Path) -> Converter | None:
        """Choose how values at a path are indexed; None where they cannot be."""
        return VALUE_TYPES[self.type].converter(self, path)

    def converters(self) -> list[tuple[Path, Converter]]:
        """Pair each path with how its values are indexed, where they can be."""
        found = ((path, self.converter(path)) for path in self.paths)
        return [(path, converter) for path, converter in found if converter is not None]

    def text_converters(self) -> list[tuple[Path, Converter]]:
        """Pair each path with how the texts of its values are stored, where they have any."""
        own = TEXT_CONVERTERS.get(self.type)
        found = ((path, own(self, path)) for path in self.paths) if own else ()
        return [(path, converter) for path, converter in found if converter is not None]


@cache
def served_parameters(resource_type: str) -> Mapping[str, Parameter]:
    """Find the parameters of a type, by code, that this server searches by."""
    found = {
        code: _parameter(resource_type, code)
        for code, definition in search_parameters(resource_type).items()
        if definition.type in VALUE_TYPES
    }
    return {
        code: parameter
        for code, parameter in found.items()
        if parameter.is_derived or parameter.converters()
    }


def is_view(resource_type: str) -> bool:
    """Tell whether resources of a type are views of something else, which is searched apart."""
    return resource_type in _VIEWS


@cache
def _parameter(resource_type: str, code: str) -> Parameter:
    definition = search_parameters(resource_type)[code]
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
        is_sortable=_is_sortable(resource_type, definition),
        modifiers=_modifiers(definition, ways),
        description=definition.description,
        url=definition.url,
        members=_members(resource_type, code),
        parts=_parts(resource_type, definition),
    )


def _members(resource_type: str, code: str) -> tuple[Parameter, ...]:
    defined = search_parameters(resource_type)
    what = code.removeprefix("combo-")
    codes = (what, f"component-{what}")
    if what == code or not all(each in defined for each in codes):
        return ()
    return tuple(_parameter(resource_type, each) for each in codes)


def _parts(resource_type: str, definition: SearchParameterDefinition) -> tuple[Part, ...]:
    codes = {each.url: code for code, each in search_parameters(resource_type).items()}
    found = [_parameter(resource_type, codes[each.definition]) for each in definition.components]
    elements = {path.type for path in paths(resource_type, definition.expression)}
    return tuple(
        # R4 names the two parameters of `relationship` in the wrong order: one can be read.
        Part(next((each for each in (own, *found) if _reads(each, elements, part)), own), part)
        for own, part in zip(
            found, (each.expression for each in definition.components), strict=True
        )
    )


def _reads(parameter: Parameter, elements: set[str], expression: str) -> bool:
    if expression.startswith("%"):
        return False
    ways = (way for element in elements for way in paths(element, expression))
    return any(parameter.converter(way) is not None for way in ways)


def _is_sortable(resource_type: str, definition: SearchParameterDefinition) -> bool:
    if resource_type in _VIEWS and definition.code == "_id":
        return False
    return definition.code in COLUMNS or definition.type not in _UNSORTABLE


def _modifiers(definition: SearchParameterDefinition, ways: tuple[Path, ...]) -> tuple[str, ...]:
    valid = {"missing", *VALUE_TYPES[definition.type].MODIFIERS}
    if definition.type == "token":
        valid = {"missing", *token.modifiers_of(frozenset(path.type for path in ways))}
    if definition.type == "reference":
        valid.update(definition.targets or RESOURCE_TYPES)
    return tuple(sorted(valid))


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
