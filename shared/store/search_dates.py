"""Comparing stored ranges of time with that of a search, by its prefix.

The formulas are those of the specification; what is added only repeats, for the sake of an index,
what follows from every range ending after it begins.

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from shared.fhir import dates
from shared.fhir.dates import MAX_TIME, MIN_TIME
from shared.store.search_arguments import TENANT, TYPE
from shared.store.search_values import HOUR, LONGEST

if TYPE_CHECKING:
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.values import Moment
    from shared.fhir.search.values.date import Prefix
    from shared.store.search_arguments import Arguments

Bound = Callable[[str, int], str]

# `updated` is kept, and shown, in whole milliseconds: that is its range.
_UPDATE: Final = 1000


def main_date(moment: Moment, args: Arguments) -> str:
    """Compare the main date in the search row."""
    return f"(r.d_hi <> {MIN_TIME} AND {_compare(moment, *_columns('r.d_lo', 'r.d_hi', args))})"


def last_updated(moment: Moment, args: Arguments) -> str:
    """Compare the time of the last update."""

    def low(operator: str, time: int) -> str:
        return f"r.updated {operator} {args.bind(dates.moment(time), 'timestamptz')}"

    def high(operator: str, time: int) -> str:
        return low(operator, time - _UPDATE)

    return f"({_compare(moment, low, high)})"


def any_date(moment: Moment, args: Arguments) -> str:
    """Compare a row `s` of the date table."""
    return f"({_compare(moment, *_columns('s.lo', 's.hi', args))})"


def dates_by_span(parameter: Parameter, moment: Moment, args: Arguments) -> str:
    """Select the resources that have a matching date, by one index range per class of length."""
    after, before = _reach(moment)
    longest = [HOUR << span for span in range(LONGEST)]
    lows = [max(after - length, MIN_TIME) for length in longest] + [MIN_TIME]
    spans = args.bind(list(range(LONGEST + 1)), "smallint[]")
    return (
        f"SELECT s.pk FROM unnest({spans}, {args.bind(lows, 'bigint[]')}) AS k(span, low) "
        f"JOIN record.search_date s ON s.tenant = {TENANT} AND s.type = {TYPE} "
        f"AND s.param = {args.bind(parameter.number, 'smallint')} AND s.span = k.span "
        f"AND s.lo >= k.low AND s.lo < {args.bind(before, 'bigint')} "
        f"WHERE {any_date(moment, args)}"
    )


def _columns(low: str, high: str, args: Arguments) -> tuple[Bound, Bound]:
    return (
        lambda operator, time: f"{low} {operator} {args.bind(time, 'bigint')}",
        lambda operator, time: f"{high} {operator} {args.bind(time, 'bigint')}",
    )


def _compare(moment: Moment, low: Bound, high: Bound) -> str:
    return _FORMULAS[moment.prefix](low, high, moment.low, moment.high)


_FORMULAS: Final[Mapping[Prefix, Callable[[Bound, Bound, int, int], str]]] = {
    "eq": lambda low, high, start, end: (
        f"{low('>=', start)} AND {high('<=', end)} AND {low('<', end)}"
    ),
    "ne": lambda low, high, start, end: f"({low('<', start)} OR {high('>', end)})",
    "gt": lambda _, high, __, end: high(">", end),
    "lt": lambda low, _, start, __: low("<", start),
    "ge": lambda low, high, start, end: (
        f"({high('>', end)} OR {low('>=', start)} AND {high('<=', end)})"
    ),
    "le": lambda low, high, start, end: (
        f"{low('<', end)} AND ({low('<', start)} OR {high('<=', end)})"
    ),
    "sa": lambda low, _, __, end: low(">=", end),
    "eb": lambda low, high, start, _: f"{high('<=', start)} AND {low('<', start)}",
    "ap": lambda low, high, start, end: f"{low('<', end)} AND {high('>', start)}",
}


def _reach(moment: Moment) -> tuple[int, int]:
    """Bound a match: it ends after the one and begins before the other."""
    match moment.prefix:
        case "eq" | "ap":
            return moment.low, moment.high
        case "gt" | "sa":
            return moment.high, MAX_TIME
        case "ge":
            return moment.low, MAX_TIME
        case "lt" | "eb":
            return MIN_TIME, moment.low
        case "le":
            return MIN_TIME, moment.high
        case "ne":
            return MIN_TIME, MAX_TIME
