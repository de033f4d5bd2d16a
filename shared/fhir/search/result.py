"""The parameters of a search that say how its result looks.

https://hl7.org/fhir/R4/search.html#return
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar, get_args

from shared.fhir.errors import InvalidSearch, NotSupported
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.query import DEFAULT_COUNT, Result, Sort, Summary, Total
from shared.fhir.search.stored import NOTHING, Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST: Final = 1000
_MOST_KEYS: Final = 5

_Word = TypeVar("_Word", bound=str)


def read_count(given: Mapping[str, str]) -> int:
    """Read how many matches a page holds, at most; 0 where only their number is asked for.

    :raises InvalidSearch: it is no number.
    """
    if given.get("_summary") == "count":
        return 0
    text = given.get("_count", str(DEFAULT_COUNT))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidSearch("_count must be a number.")
    return min(int(text), _MOST)


def read_total(given: Mapping[str, str], count: int) -> Total:
    """Read whether the matches are to be counted.

    :raises InvalidSearch: it is none of the ways to count.
    """
    if given.get("_total") == "estimated":
        # HAPI's client calls it so.
        given = {**given, "_total": "estimate"}
    total: Total | None = _one_of(get_args(Total), "_total", given)
    return "accurate" if count == 0 else total or "none"


def read_result(given: Mapping[str, str]) -> Result:
    """Read how the matches are to be shown.

    :raises InvalidSearch: a value is none of those that R4 has.
    """
    summary: Summary | None = _one_of(get_args(Summary), "_summary", given)
    elements = tuple(given["_elements"].split(",")) if "_elements" in given else ()
    if not all(elements):
        raise InvalidSearch("_elements must be names with commas between them.")
    pretty = _one_of(("true", "false"), "_pretty", given) == "true"
    explain = _one_of(("true", "false"), "_explain", given) == "true"
    return Result(summary, elements, pretty, given.get("_format"), explain)


def read_sort(resource_type: str, text: str, stored: Stored = NOTHING) -> tuple[Sort, ...]:
    """Read the sort keys.

    :raises InvalidSearch: the type has no such parameter, or there are too many.
    :raises NotSupported: the parameter is not of a type that is sorted by.
    """
    keys = text.split(",")
    if len(keys) > _MOST_KEYS:
        raise InvalidSearch(f"_sort takes at most {_MOST_KEYS} parameters.")
    return tuple(_sort(resource_type, key, stored) for key in keys)


def sortable_parameters(resource_type: str) -> list[str]:
    """Name the parameters of a type that results can be sorted by."""
    served = served_parameters(resource_type)
    return [code for code, parameter in served.items() if parameter.is_sortable]


def _sort(resource_type: str, key: str, stored: Stored) -> Sort:
    code = key.removeprefix("-")
    served = stored.served(resource_type)
    parameter = served.get(code)
    if parameter is None or not parameter.is_sortable:
        valid = [code for code, each in served.items() if each.is_sortable]
        problem = "is not a search parameter" if parameter is None else "cannot be sorted by"
        error = InvalidSearch if parameter is None else NotSupported
        raise error(f"_sort: '{code}' {problem} of {resource_type}; valid are {', '.join(valid)}.")
    return Sort(parameter, key.startswith("-"))


def _one_of(words: Iterable[_Word], name: str, given: Mapping[str, str]) -> _Word | None:
    text = given.get(name)
    found = next((word for word in words if word == text), None)
    if text is not None and found is None:
        raise InvalidSearch(f"{name} must be one of {', '.join(words)}.")
    return found
