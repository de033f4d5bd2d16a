"""Date parameters: ranges of time, compared by a prefix.

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from shared.fhir.dates import MAX_TIME, MIN_TIME, Range, date_range, instant
from shared.fhir.errors import InvalidSearch, Malformed
from shared.fhir.search.escapes import unescape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.collector import Collector
    from shared.fhir.search.expression import Path
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values import Converter

MODIFIERS: Final[frozenset[str]] = frozenset()
UNSERVED_MODIFIERS: Final[frozenset[str]] = frozenset()

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
_PREFIXES: Final[frozenset[Prefix]] = frozenset(get_args(Prefix))
_DATES: Final = frozenset({"date", "dateTime", "instant"})
_DAY: Final = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A range of time to compare with; that of `ap` is already widened."""

    prefix: Prefix
    low: int
    high: int


def parse(parameter: Parameter, _modifier: str | None, text: str, reading: Reading) -> Moment:
    """Read a prefix and a date.

    :raises InvalidSearch: it is no date.
    """
    text = unescape(text)
    prefix = next((each for each in _PREFIXES if text.startswith(each)), None)
    try:
        low, high = date_range(text[2:] if prefix else text, reading.zone)
    except Malformed as error:
        # What a form decodes to a space was meant as the sign of an offset.
        hint = " In an address a + is written %2B." if " " in text else ""
        raise InvalidSearch(
            f"The value of '{parameter.code}' cannot be read. {error}{hint}"
        ) from None
    if prefix == "ap":
        now = instant(reading.now)
        margin = max(_DAY, max(low - now, now - high, 0) // 10)
        low, high = low - margin, high + margin
    return Moment(prefix or "eq", low, high)


def converter(parameter: Parameter, path: Path) -> Converter | None:
    """Choose how values at the path become ranges; None where they cannot."""
    if path.type in _DATES:
        return partial(_add_main_date if parameter.is_main_date else _add_date, parameter.number)
    ranges = _RANGES.get(path.type)
    if ranges is None:
        return None
    return partial(_add_main if parameter.is_main_date else _add, parameter.number, ranges)


def _add_date(number: int, value: str, collector: Collector) -> None:
    collector.dates[number, *date_range(value, collector.reading.zone)] = None


def _add_main_date(_number: int, value: str, collector: Collector) -> None:
    collector.main = date_range(value, collector.reading.zone)


def _add(number: int, ranges: Ranges, value: object, collector: Collector) -> None:
    found = _outer(ranges(value, collector.reading))
    if found is not None:
        collector.dates[number, *found] = None


def _add_main(_number: int, ranges: Ranges, value: object, collector: Collector) -> None:
    collector.main = _outer(ranges(value, collector.reading)) or collector.main


def _outer(ranges: Iterator[Range]) -> Range | None:
    found = list(ranges)
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def _period(value: JsonObject, reading: Reading) -> Iterator[Range]:
    start, end = value.get("start"), value.get("end")
    first = date_range(start, reading.zone) if start is not None else (MIN_TIME, MAX_TIME)
    last = date_range(end, reading.zone) if end is not None else (MIN_TIME, MAX_TIME)
    if start is not None or end is not None:
        # Where the end lies before the start, the outer limits are what is left to search by.
        yield (first[0], last[1]) if first[0] < last[1] else (last[0], first[1])


def _timing(value: JsonObject, reading: Reading) -> Iterator[Range]:
    for event in value.get("event", ()):
        if event is not None:
            yield date_range(event, reading.zone)
    bounds = value.get("repeat", {}).get("boundsPeriod")
    if bounds is not None:
        yield from _period(bounds, reading)


if TYPE_CHECKING:
    Ranges = Callable[[Any, Reading], Iterator[Range]]

_RANGES: Final[Mapping[str, Ranges]] = {
    "Period": _period,
    "Timing": _timing,
}
