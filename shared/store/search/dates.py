"""Date criteria: stored ranges of time compared with that of a search, by its prefix.

The formulas are those of the specification; what is added only repeats, for the sake of an index,
what follows from every range ending after it begins.

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.dates import MAX_TIME, MIN_TIME
from shared.fhir.dates import moment as to_datetime
from shared.fhir.search.values import Moment
from shared.store.search.arguments import TENANT
from shared.store.search.condition import Condition, Elsewhere
from shared.store.search.values import HOUR, LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.query import Criterion
    from shared.fhir.search.values.date import Prefix
    from shared.store.search.arguments import Arguments

Bound = Callable[[str, int], str]

# `updated` is kept, and shown, in whole milliseconds: that is its range.
_UPDATE: Final = 1000
# With the hour that a day may be longer: what is longer stands in an index of its own.
_DAY: Final = 25 * HOUR
_MANY_LONG: Final = 1000


def dates(criterion: Criterion) -> Condition:
    """Compile a date criterion."""
    parameter = criterion.parameter
    moments = [value for value in criterion.values if isinstance(value, Moment)]
    if parameter.code == "_lastUpdated":
        found = Condition.same(
            lambda args: _any(_last_updated(each, args) for each in moments), "updated"
        )
        return replace(found, within=lambda column, args: _updated_within(moments, column, args))
    if parameter.is_main_date:
        return _main_dates(moments)
    return Condition(
        lambda args: (
            f"EXISTS (SELECT FROM record.search_date s WHERE s.tenant = {TENANT} "
            f"AND s.pk = r.pk AND s.param = {args.bind(parameter.number, 'smallint')} "
            f"AND {_any(_date(each, args) for each in moments)} OFFSET 0)"
        ),
        lambda args: (
            "r.pk = ANY(ARRAY("
            f"{' UNION ALL '.join(_dates_by_span(parameter, each, args) for each in moments)}))"
        ),
        "keys",
    )


def _main_dates(moments: Sequence[Moment]) -> Condition:
    """Compile the main date: a range of the index that has it, whose rows may be few."""

    def probe(args: Arguments) -> str:
        return _any(_main_date(each, args) for each in moments)

    def drive(args: Arguments) -> str:
        return f"{begin_within(moments, 'r.d_lo', args)} AND {probe(args)}"

    def find(args: Arguments) -> str:
        return (
            f"SELECT r.pk AS key FROM record.search_row r WHERE r.tenant = {TENANT} "
            f"AND r.type = {args.type} AND {drive(args)}"
        )

    elsewhere = Elsewhere(find, "r.pk = ANY({})".format)
    return Condition(
        probe,
        drive,
        "range",
        elsewhere=elsewhere,
        within=lambda column, args: begin_within(moments, column, args),
    )


def begin_within(moments: Sequence[Moment], column: str, args: Arguments) -> str:
    """Bound where the main date of a match can begin.

    What ends after a time began at most a day before it, or is long: an index has the long ones.
    """
    before = args.bind(max(reach(each)[1] for each in moments), "bigint")
    if all(each.prefix in {"eq", "sa"} for each in moments):
        first = args.bind(min(reach(each)[0] for each in moments), "bigint")
        return f"{column} >= {first} AND {column} < {before}"
    after = min(reach(each)[0] for each in moments)
    if after <= MIN_TIME:
        return f"{column} < {before}"
    end, first = args.bind(after, "bigint"), args.bind(max(after - _DAY, MIN_TIME), "bigint")
    return (
        f"{column} < {before} AND {column} >= (SELECT CASE WHEN count(*) > {_MANY_LONG:d} "
        f"THEN {MIN_TIME} ELSE least(min(l.d_lo), {first}) END FROM (SELECT l.d_lo "
        f"FROM record.search_row l WHERE l.tenant = {TENANT} AND l.type = {args.type} "
        f"AND l.d_lo < l.d_hi - {_DAY:d} AND l.d_hi > {end} LIMIT {_MANY_LONG + 1:d}) l)"
    )


def _updated_within(moments: Sequence[Moment], column: str, args: Arguments) -> str:
    after, before = zip(*(reach(each) for each in moments), strict=True)
    begun = args.bind(to_datetime(min(after) - _UPDATE), "timestamptz")
    return f"{column} > {begun} AND {column} < {args.bind(to_datetime(max(before)), 'timestamptz')}"


def _main_date(moment: Moment, args: Arguments) -> str:
    # With `+ 0` no index of dates is read to be intersected with what another finds.
    return f"r.d_hi <> {MIN_TIME} AND {_compare(moment, *_columns('r.d_lo + 0', 'r.d_hi', args))}"


def _last_updated(moment: Moment, args: Arguments) -> str:
    def low(operator: str, time: int) -> str:
        return f"r.updated {operator} {args.bind(to_datetime(time), 'timestamptz')}"

    def high(operator: str, time: int) -> str:
        return low(operator, time - _UPDATE)

    return _compare(moment, low, high)


def _date(moment: Moment, args: Arguments) -> str:
    return _compare(moment, *_columns("s.lo", "s.hi", args))


def _dates_by_span(parameter: Parameter, moment: Moment, args: Arguments) -> str:
    """Select the resources that have a matching date, by one index range per class of length."""
    after, before = reach(moment)
    longest = [HOUR << span for span in range(LONGEST)]
    lows = [max(after - length, MIN_TIME) for length in longest] + [MIN_TIME]
    spans = args.bind(list(range(LONGEST + 1)), "smallint[]")
    return (
        f"SELECT s.pk FROM unnest({spans}, {args.bind(lows, 'bigint[]')}) AS k(span, low) "
        f"JOIN record.search_date s ON s.tenant = {TENANT} AND s.type = {args.type} "
        f"AND s.param = {args.bind(parameter.number, 'smallint')} AND s.span = k.span "
        f"AND s.lo >= k.low AND s.lo < {args.bind(before, 'bigint')} "
        f"WHERE {_date(moment, args)}"
    )


def _any(alternatives: Iterable[str]) -> str:
    return "(" + " OR ".join(f"({each})" for each in alternatives) + ")"


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


def reach(moment: Moment) -> tuple[int, int]:
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
