"""Number and quantity criteria: stored ranges compared with a number, or a range around one.

Most stored ranges are points. The others end before what they end at: `<5` is everything up to 5.
The formulas are those of dates; they differ for a point at the end of a range, which is outside.

https://hl7.org/fhir/R4/search.html#quantity
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.search.values import Amount
from shared.fhir.search.values.quantity import canonical_of, canonical_term, unit_term
from shared.store.search.arguments import TENANT
from shared.store.search.condition import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from shared.fhir.search.query import Criterion
    from shared.fhir.search.values.number import Prefix
    from shared.store.search.arguments import Arguments


class _Columns(NamedTuple):
    """The two columns that are compared, as sent or in a canonical unit, and with what."""

    low: str
    high: str
    start: str
    end: str
    of_unit: str


@dataclass(frozen=True, slots=True)
class Sought:
    """A row that is looked for: the number of its parameter, its value, and what its key may be."""

    number: int
    amount: Amount
    keys: tuple[str, ...] = ()

    def matches(self, args: Arguments, row: str = "s") -> str:
        """Write the condition on a row."""
        columns = _columns(self.amount, row, args)
        return f"{self._place(row, args)} AND {self._compared(columns)}"

    def select(self, args: Arguments, also: str = "") -> str:
        """Select the keys of all rows that match, each range of an index by itself."""
        columns = _columns(self.amount, "s", args)
        return " UNION ALL ".join(
            f"SELECT s.pk AS key FROM record.search_quantity s WHERE s.tenant = {TENANT} "
            f"AND s.type = {args.type} AND {self._place('s', args)} "
            f"AND {self._compared(columns)} AND {reach}{also}"
            for reach in _reaches(self.amount.prefix, columns)
        )

    def _place(self, row: str, args: Arguments) -> str:
        key = f"ANY({args.bind_terms(self.keys)})" if self.keys else "0"
        return f"{row}.param = {args.bind(self.number, 'smallint')} AND {row}.key = {key}"

    def _compared(self, columns: _Columns) -> str:
        formula = _FORMULAS[self.amount.prefix](*columns[:4])
        return f"{columns.of_unit}({formula})"


def quantities(criterion: Criterion) -> Condition:
    """Compile a number or quantity criterion."""
    amounts = (value for value in criterion.values if isinstance(value, Amount))
    return rows([Sought(criterion.parameter.number, each) for each in amounts])


def rows(alternatives: Sequence[Sought]) -> Condition:
    """Compile that a resource has a row, of one kind or another."""

    def any_row(args: Arguments) -> str:
        return " OR ".join(f"({each.matches(args)})" for each in alternatives)

    return Condition.by_keys(
        lambda args: (
            f"EXISTS (SELECT FROM record.search_quantity s WHERE s.tenant = {TENANT} "
            f"AND s.pk = r.pk AND ({any_row(args)}) OFFSET 0)"
        ),
        lambda args: " UNION ALL ".join(each.select(args) for each in alternatives),
    )


def rows_of_one_element(sought: Sequence[Sought]) -> Condition:
    """Compile that an element of a resource has a row of each kind."""
    first, *others = sought

    def beside(args: Arguments) -> str:
        return "".join(
            " AND EXISTS (SELECT FROM record.search_quantity o "
            f"WHERE o.tenant = {TENANT} AND o.pk = s.pk AND o.element = s.element "
            f"AND {each.matches(args, 'o')} OFFSET 0)"
            for each in others
        )

    return Condition.by_keys(
        lambda args: (
            f"EXISTS (SELECT FROM record.search_quantity s WHERE s.tenant = {TENANT} "
            f"AND s.pk = r.pk AND {first.matches(args)}{beside(args)} OFFSET 0)"
        ),
        lambda args: first.select(args, beside(args)),
    )


def _columns(amount: Amount, row: str, args: Arguments) -> _Columns:
    unit = amount.unit
    canonical = canonical_of(unit) if unit else None

    def bound(value: Decimal) -> str:
        return args.bind(canonical.convert(value) if canonical else value, "numeric")

    start, end = bound(amount.low), bound(amount.high)
    if canonical is not None:
        of_unit = f"{row}.canonical = ANY({args.bind_terms([canonical_term(canonical)])}) AND "
        return _Columns(f"{row}.canonical_lo", f"{row}.canonical_hi", start, end, of_unit)
    of_unit = f"{row}.units @> {args.bind_terms([unit_term(unit)])} AND " if unit else ""
    return _Columns(f"{row}.lo", f"{row}.hi", start, end, of_unit)


def _reaches(prefix: Prefix, columns: _Columns) -> list[str]:
    """Bound what can match by where it begins; what reaches a number from below, by its end."""
    low, high, start, end, _ = columns
    from_start, before = f"{low} >= {start}", f"{low} < {end}"
    match prefix:
        case "eq":
            return [f"{from_start} AND {before}"]
        case "sa":
            return [from_start]
        case "lt" | "eb":
            return [before]
        case "le":
            return [f"{low} <= {end}"]
        case "ne":
            return ["true"]
    from_below = f"{low} < {high} AND {high} > {start} AND {low} < {start}"
    return [f"{from_start} AND {before}" if prefix == "ap" else from_start, from_below]


_FORMULAS: Final[Mapping[Prefix, Callable[[str, str, str, str], str]]] = {
    "eq": lambda low, high, start, end: f"{low} >= {start} AND {high} <= {end} AND {low} < {end}",
    "ne": lambda low, high, start, end: f"{low} < {start} OR {high} > {end} OR {low} >= {end}",
    "gt": lambda _, high, start, __: f"{high} > {start}",
    "lt": lambda low, _, start, __: f"{low} < {start}",
    "ge": lambda low, high, start, _: f"{high} > {start} OR {low} >= {start}",
    "le": lambda low, high, start, _: f"{low} < {start} OR {high} <= {start}",
    "sa": lambda low, high, start, _: f"{low} >= {start} AND {high} > {start}",
    "eb": lambda low, high, start, _: f"{high} <= {start} AND {low} < {start}",
    "ap": lambda low, high, start, end: f"{low} < {end} AND ({high} > {start} OR {low} >= {start})",
}
