"""The order of a search's matches, and the place in it where a page begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from shared.fhir.dates import MIN_TIME
from shared.fhir.search.query import Criterion, Sort
from shared.store.search.arguments import TENANT
from shared.store.search.sort_texts import sort_text
from shared.store.search.walk import Direction, Values, Walk

if TYPE_CHECKING:
    from shared.fhir.search.query import Query
    from shared.store.page_key import PageKey
    from shared.store.search.arguments import Arguments
    from shared.store.search.condition import Within

_MAIN_DATE: Final = Values(
    "search_row", "d_lo", f"s.d_lo > {MIN_TIME}", "pk", f"r.d_lo = {MIN_TIME}"
)
SqlType = Literal["bigint", "text", "timestamptz", "numeric"]


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key: an expression over the relation `r`, selected under a name.

    `is_column` says that an index has this order and that there is no NULL; `values`, where there
    are, which rows have values in an order that an index has.
    """

    name: str
    expression: str
    sql_type: SqlType
    descending: bool
    is_column: bool = False
    values: Values | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """All keys, and the internal key as the last, in the direction of the first.

    Backward is the same order from its end; what has no value comes last in both directions of a
    key, so first when the order is run backward.
    """

    keys: tuple[SortKey, ...]
    backward: bool = False
    sorts: tuple[Sort, ...] = ()

    @property
    def ordered_by(self) -> str:
        """Name the column of an index that has this order."""
        return self._expressions[0]

    @property
    def is_indexed(self) -> bool:
        """Tell whether an index has the rows in this order."""
        return not self.keys or (len(self.keys) == 1 and self.keys[0].is_column)

    @property
    def columns(self) -> str:
        """Select the keys from `r`."""
        return "".join(f", {key.expression} AS {key.name}" for key in self.keys)

    @property
    def names(self) -> str:
        """Name the selected keys."""
        return "".join(f", {key.name}" for key in self.keys)

    @property
    def shown(self) -> str:
        """Name the selected keys, each in the form that a page's key holds."""
        return "".join(
            f", {key.name}::text AS text_of_{key.name}"
            if key.sql_type == "numeric"
            else f", {key.name}"
            for key in self.keys
        )

    @property
    def forward(self) -> Order:
        """Give the order as it is shown."""
        return replace(self, backward=False)

    def walk(self, place: PageKey | None, rows: str, within: Within | None) -> Walk | None:
        """Walk the order from a place on, where indexes have it in two parts.

        `within` bounds the main date.
        """
        key = self.keys[0] if len(self.keys) == 1 else None
        if key is None or key.values is None:
            return None
        return self._walk(key, key.values, place, rows, within)

    def leading_walk(self, place: PageKey | None, rows: str, within: Within | None) -> Walk | None:
        """Walk the order of the first of several keys, among the rows that have a value of it."""
        key = self.keys[0]
        # A main date that descends has the earliest time there is in place of none.
        without = {None, MIN_TIME}
        begins_with_values = not self.backward if place is None else place.values[0] not in without
        if key.values is None or not begins_with_values:
            return None
        return self._walk(key, key.values, place, rows, within)

    def _walk(
        self, key: SortKey, values: Values, place: PageKey | None, rows: str, within: Within | None
    ) -> Walk:
        run = Direction(key.descending, self.backward)
        bounds = within if values is _MAIN_DATE else None
        return Walk(values, key.sql_type, run, place, rows, bounds)

    def by_name(self) -> str:
        """Order the selected rows."""
        last = f"pk {'DESC' if self._pk_descends else 'ASC'}"
        return ", ".join([*(_direction(key, backward=self.backward) for key in self.keys), last])

    def by_column(self) -> str:
        """Order the relation `r` as an index has it."""
        down = "DESC" if self._pk_descends else "ASC"
        return ", ".join(f"{column} {down}" for column in self._expressions)

    def beyond(self, place: PageKey, args: Arguments) -> str:
        """Keep the selected rows that lie beyond a place."""
        sql = f"pk {self._sign} {args.bind_pk(place)}"
        for key, value in reversed(list(zip(self.keys, place.values, strict=True))):
            bound = None if value is None else args.bind_value(value, key.sql_type)
            same = f"{key.name} IS NULL" if bound is None else f"{key.name} = {bound}"
            sql = f"{_past(key, bound, backward=self.backward)} OR {same} AND ({sql})"
        return sql

    def beyond_by_column(self, place: PageKey, args: Arguments) -> str:
        """Keep the rows of `r` beyond a place, in a form that an index follows."""
        values = zip(self.keys, place.values, strict=True)
        bounds = [
            args.bind_value(value, key.sql_type) for key, value in values if value is not None
        ]
        bounds.append(args.bind_pk(place))
        return f"({', '.join(self._expressions)}) {self._sign} ({', '.join(bounds)})"

    @property
    def _expressions(self) -> list[str]:
        return [*(key.expression for key in self.keys), "r.pk"]

    @property
    def _pk_descends(self) -> bool:
        return (bool(self.keys) and self.keys[0].descending) != self.backward

    @property
    def _sign(self) -> str:
        return "<" if self._pk_descends else ">"


def order(query: Query, *, backward: bool, is_joined: bool = False) -> Order:
    """Compile the sort of a search; without one, dates that are asked for are shown latest first.

    So an index leads to them, wherever in the record they stand. In a search of several types,
    `is_joined` with others, each type would have a date of its own; also where the record holds one
    of them only so far, so that a page's key goes on holding.
    """
    sorts = query.sort or (() if is_joined else _of_dates(query))
    keys = (_key(f"key_{place}", each, is_joined=is_joined) for place, each in enumerate(sorts, 1))
    return Order(tuple(keys), backward, sorts)


def _of_dates(query: Query) -> tuple[Sort, ...]:
    asked = [each.parameter for each in query.criteria if isinstance(each, Criterion)]
    dates = [each for each in asked if each.is_main_date or each.code == "_lastUpdated"]
    return tuple(Sort(each, descending=True) for each in dates[:1])


def _key(name: str, sort: Sort, *, is_joined: bool) -> SortKey:
    parameter, down = sort.parameter, sort.descending
    if parameter.code == "_id":
        return SortKey(name, "r.id", "text", down, is_column=True)
    if parameter.code == "_lastUpdated":
        return SortKey(name, "r.updated", "timestamptz", down, is_column=True)
    if parameter.is_main_date and down and not is_joined:
        # No date is the earliest time there is, so it comes last by itself; among other types it
        # has to be none, as theirs is.
        return SortKey(name, "r.d_lo", "bigint", down, is_column=True, values=_MAIN_DATE)
    if parameter.is_main_date:
        expression = f"nullif(r.d_lo, {MIN_TIME})"
        return SortKey(name, expression, "bigint", down, values=_MAIN_DATE)
    if parameter.type == "date":
        dates = Values("search_date", "lo", f"s.lo > {MIN_TIME}")
        expression = _value(dates, [parameter.number], descending=down)
        return SortKey(name, expression, "bigint", down)
    if parameter.type in {"number", "quantity"}:
        return _of_values(name, sort, Values("search_quantity", "lo", "s.key = 0"), "numeric")
    if parameter.type == "string":
        # The later words of a family name are stored for searching only: they have no `exact`.
        return _of_values(name, sort, Values("search_string", "norm", "s.exact <> ''"), "text")
    return SortKey(name, sort_text(parameter, descending=down), "text", down)


def _of_values(name: str, sort: Sort, values: Values, sql_type: SqlType) -> SortKey:
    """Sort by a table of values, in whose order an index has those of one parameter."""
    numbers = [each.number for each in sort.parameter.members or (sort.parameter,)]
    expression = _value(values, numbers, descending=sort.descending)
    if len(numbers) > 1:
        return SortKey(name, expression, sql_type, sort.descending)
    of_parameter = replace(values, counting=f"s.param = {numbers[0]:d} AND {values.counting}")
    return SortKey(name, expression, sql_type, sort.descending, values=of_parameter)


def _value(values: Values, numbers: list[int], *, descending: bool) -> str:
    """Find the first value in the direction asked."""
    return (
        f"(SELECT {'max' if descending else 'min'}(s.{values.column}) "
        f"FROM record.{values.table} s WHERE s.tenant = {TENANT} AND s.pk = r.pk "
        f"AND s.param IN ({', '.join(map(str, numbers))}) AND {values.counting})"
    )


def _direction(key: SortKey, *, backward: bool) -> str:
    down = "DESC" if key.descending != backward else "ASC"
    return f"{key.name} {down} NULLS {'FIRST' if backward else 'LAST'}"


def _past(key: SortKey, bound: str | None, *, backward: bool) -> str:
    if bound is None:
        return f"{key.name} IS NOT NULL" if backward else "false"
    sign = "<" if key.descending != backward else ">"
    past = f"{key.name} {sign} {bound}"
    return past if backward else f"{past} OR {key.name} IS NULL"
