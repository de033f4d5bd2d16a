"""Composite parameters: values of several parameters that stand in the same element.

Two terms of an element are one term of the resource. A number or quantity beside a term has the
term as its key; several numbers of an element are told apart by their place, and say which element
they are of.

https://hl7.org/fhir/R4/search.html#composite
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.fhir.errors import InvalidSearch
from shared.fhir.search.collector import Collector
from shared.fhir.search.escapes import split
from shared.fhir.search.expression import paths
from shared.fhir.search.terms import pair_term
from shared.fhir.search.values.reference import LogicalTarget, Target
from shared.fhir.search.values.token import Token
from shared.fhir.search.values.uri import Uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter, Part
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter, Value

MODIFIERS: Final[frozenset[str]] = frozenset()
UNSERVED_MODIFIERS: Final[frozenset[str]] = frozenset()

# What tells elements apart is a smallint.
_ELEMENTS: Final = 2**15


@dataclass(frozen=True, slots=True)
class Together:
    """One value of each part."""

    values: tuple[Value, ...]

    def terms(self, parameter: Parameter) -> tuple[str, ...]:
        """Name the terms of which a matching resource has at least one, if terms say it all."""
        if not all(has_terms(part) for part in parameter.parts):
            return ()
        found = map(terms_of, parameter.parts, self.values)
        return tuple(pair_term(parameter.number, *each) for each in product(*found))


def has_terms(part: Part) -> bool:
    """Tell whether the values of a part are found by terms."""
    return part.parameter.type in {"token", "reference", "uri"}


def terms_of(part: Part, value: Value) -> tuple[str, ...]:
    """Name the terms of which one is sought for a part; none where rows are."""
    if isinstance(value, Token | Target | LogicalTarget | Uri):
        return value.terms(part.parameter)
    return ()


def place_key(place: int) -> str:
    """Name the place of a part, where the values of several have rows of their own."""
    return f"{place}"


def parse(parameter: Parameter, _modifier: str | None, text: str, reading: Reading) -> Together:
    """Read a value for each part.

    :raises InvalidSearch: there are more or fewer, or one cannot be read.
    """
    texts = split(text, "$")
    if len(texts) != len(parameter.parts) or not all(texts):
        form = "$".join(part.parameter.code for part in parameter.parts)
        raise InvalidSearch(f"The value of '{parameter.code}' must look like {form}.")
    pairs = zip(parameter.parts, texts, strict=True)
    return Together(tuple(part.parameter.parse(None, each, reading) for part, each in pairs))


def converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how the elements at the path are indexed."""
    inside = [part for part in parameter.parts if not part.is_beside]
    picks = [_Pick.of(part, path) for part in inside]
    if all(has_terms(part) for part in inside):
        return partial(_add_pairs, parameter.number, picks)
    if has_terms(inside[0]):
        return partial(_add_keyed, parameter.number, picks)
    return partial(_add_placed, parameter.number, picks)


class _Pick(NamedTuple):
    """How the values of a part are found in an element."""

    ways: tuple[tuple[str, Converter], ...]

    @classmethod
    def of(cls, part: Part, path: Path) -> _Pick:
        found = paths(path.type, part.expression)
        ways = ((way.steps[0].key, part.parameter.converter(way)) for way in found)
        return cls(tuple((key, convert) for key, convert in ways if convert is not None))

    def is_in(self, element: JsonObject) -> bool:
        """Tell whether an element has a value of the part, searchable or not."""
        return any(element.get(key) is not None for key, _ in self.ways)

    def collect(self, element: JsonObject, collector: Collector) -> Collector:
        """Collect what is to be searched of the part, apart from all else."""
        found = Collector(collector.root, collector.reading)
        for key, convert in self.ways:
            for value in _values(element.get(key)):
                convert(value, found)
        return found


def _values(value: Any) -> Iterator[Any]:  # noqa: ANN401
    yield from (each for each in (value if type(value) is list else [value]) if each is not None)


def _add_pairs(number: int, picks: Sequence[_Pick], value: JsonObject, to: Collector) -> None:
    one, other = (dict.fromkeys(pick.collect(value, to).terms) for pick in picks)
    if all(pick.is_in(value) for pick in picks):
        to.present.add(number)
        to.add(*(pair_term(number, *pair) for pair in product(one, other)))


def _add_keyed(number: int, picks: Sequence[_Pick], value: JsonObject, to: Collector) -> None:
    beside, measured = picks
    if all(pick.is_in(value) for pick in picks):
        to.present.add(number)
    for key in dict.fromkeys(beside.collect(value, to).terms):
        for row in measured.collect(value, to).quantities:
            to.add_quantity(row._replace(parameter=number, key=key))


def _add_placed(number: int, picks: Sequence[_Pick], value: JsonObject, to: Collector) -> None:
    element = len(to.quantities) % _ELEMENTS
    found = [list(pick.collect(value, to).quantities) for pick in picks]
    if all(pick.is_in(value) for pick in picks):
        to.present.add(number)
    if all(found):
        for place, rows in enumerate(found):
            for row in rows:
                to.add_quantity(
                    row._replace(parameter=number, key=place_key(place), element=element)
                )
