"""String parameters: text that starts with, is, or holds what is searched.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.errors import InvalidSearch
from shared.fhir.search.collector import OVERLAP, WINDOW
from shared.fhir.search.escapes import unescape
from shared.fhir.search.fold import fold, word_starts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter

MODIFIERS: Final = frozenset({"exact", "contains"})
UNSERVED_MODIFIERS: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Text:
    """A text, folded as the stored ones are, and as it was given."""

    folded: str
    exact: str


def parse(parameter: Parameter, modifier: str | None, text: str, _reading: Reading) -> Text:
    """Read a text.

    :raises InvalidSearch: nothing is left to search for, or it is too long.
    """
    exact = unescape(text)
    folded = fold(exact)
    if modifier == "exact":
        return Text(folded[:WINDOW], exact)
    if not folded:
        raise InvalidSearch(f"The value of '{parameter.code}' has neither letters nor digits.")
    limit = OVERLAP if modifier == "contains" else WINDOW
    if len(folded) > limit:
        raise InvalidSearch(f"The value of '{parameter.code}' is longer than {limit} characters.")
    return Text(folded, exact)


def converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how values at the path are stored; None where they cannot be."""
    number = parameter.number
    if path.type in {"string", "markdown"}:
        # A later word of a family name is searched for by itself (van der Berg, Smith-Jones).
        is_family = path.holder == "HumanName" and path.element.name == "family"
        return partial(_add_family if is_family else _add_text, number)
    add = _CONVERTERS.get(path.type)
    return None if add is None else partial(add, number)


def _add_text(number: int, value: str, collector: Collector) -> None:
    collector.add_string(number, value)


def _add_family(number: int, value: str, collector: Collector) -> None:
    collector.add_string(number, value, word_starts(value))


def _add_name(number: int, value: JsonObject, collector: Collector) -> None:
    if "family" in value:
        _add_family(number, value["family"], collector)
    _add_parts(number, ("text", "given", "prefix", "suffix"), value, collector)


def _add_address(number: int, value: JsonObject, collector: Collector) -> None:
    parts = ("text", "line", "city", "district", "state", "postalCode", "country")
    _add_parts(number, parts, value, collector)


def _add_parts(
    number: int, parts: tuple[str, ...], value: JsonObject, collector: Collector
) -> None:
    for part in parts:
        found = value.get(part)
        # A null stands in a list for a part that has only extensions.
        for text in found if type(found) is list else (found,):
            if text is not None:
                collector.add_string(number, text)


_CONVERTERS: Final[Mapping[str, Callable[[int, Any, Collector], None]]] = {
    "HumanName": _add_name,
    "Address": _add_address,
}
