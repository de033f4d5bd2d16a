"""The order of a value that may be missing, in two parts: rows with a value, then those without.

Each part is looked at by an index, from where the page begins and no further than a budget, so
that a page costs what it holds. Run backward, the order begins with the rows that have no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.store.search.arguments import TENANT

if TYPE_CHECKING:
    from shared.store.page_key import PageKey
    from shared.store.search.arguments import Arguments
    from shared.store.search.condition import Within


@dataclass(frozen=True, slots=True)
class Values:
    """Where the values of a sort stand: a table, its column, and which of its rows `s` count.

    `tie` tells apart equal values of one resource; `absent` is what holds of a search row `r`
    without a value, where an index knows it.
    """

    table: str
    column: str
    counting: str
    tie: str = "row"
    absent: str | None = None

    def of_type(self, args: Arguments) -> str:
        """Write what holds of the values that count."""
        return f"s.tenant = {TENANT} AND s.type = {args.type} AND {self.counting}"


@dataclass(frozen=True, slots=True)
class Direction:
    """Which value of a resource is its first, and in which direction the order is run."""

    descending: bool
    backward: bool

    @property
    def down(self) -> bool:
        """Tell whether values go down."""
        return self.descending != self.backward

    def order(self, *columns: str) -> str:
        """Order by columns."""
        return ", ".join(f"{column} {'DESC' if self.down else 'ASC'}" for column in columns)

    @property
    def sign(self) -> str:
        """Compare with a place that lies before."""
        return "<" if self.down else ">"


@dataclass(frozen=True, slots=True)
class Part:
    """A run of the order: what is looked at as `k`, with the row `r` of each.

    `order` is that of what is looked at, `kept` the same of `k`, so that nothing is sorted.
    `value` is the sort value; a row has its place here where `where` holds.
    """

    looked_at: str
    order: str
    kept: str
    row: str
    value: str
    where: str

    def rows(self, name: str, where: str, limit: int, budget: int) -> str:
        """Select the rows that conditions hold of, of the first `budget` that are looked at."""
        return (
            f"SELECT k.pk, {self.value} AS {name} FROM "
            f"({self.looked_at} ORDER BY {self.order} LIMIT {budget:d}) k {self.row} "
            f"WHERE {self.where} AND {where} ORDER BY {self.kept} LIMIT {limit:d}"
        )

    def is_cut(self, budget: int) -> str:
        """Tell whether there is more than the budget lets be looked at."""
        return f"EXISTS ({self.looked_at} ORDER BY {self.order} OFFSET {budget:d})"


@dataclass(frozen=True, slots=True)
class Walk:
    """An order by one value, from a place on; `rows` is the relation `r` in which rows stand.

    `within` bounds the values where something is asked of them.
    """

    values: Values
    sql_type: str
    run: Direction
    place: PageKey | None
    rows: str
    within: Within | None = None

    def parts(self, args: Arguments) -> list[Part]:
        """Write the parts of the order that lie beyond the place, in the order of their coming."""
        found = [self._with_value(args), self._without_value(args)]
        if self.run.backward:
            found.reverse()
        if self.place is None or (self.place.values[0] is None) == self.run.backward:
            return found
        return found[1:]

    def leading(self, args: Arguments) -> Part:
        """Write the part with values, from the place's value on, with all that have the same."""
        beyond = ""
        if self.place is not None:
            bound = args.bind_value(self.place.values[0], self.sql_type)
            beyond = f" AND s.{self.values.column} {self.run.sign}= {bound}"
        return self._valued(beyond, args)

    def _with_value(self, args: Arguments) -> Part:
        return self._valued(self._beyond((f"s.{self.values.column}", "s.pk"), args), args)

    def _valued(self, beyond: str, args: Arguments) -> Part:
        values, run = self.values, self.run
        columns = (f"s.{values.column}", "s.pk")
        before = ">" if run.descending else "<"
        return Part(
            f"SELECT s.pk, s.{values.tie} AS tie, s.{values.column} AS value "
            f"FROM record.{values.table} s WHERE {values.of_type(args)}"
            f"{self._bounds(columns[0], args)}{beyond}",
            run.order(*columns),
            run.order("k.value", "k.pk"),
            # With OFFSET 0 a row is found by its key, whatever the planner believes of the table.
            f"CROSS JOIN LATERAL ({self._rows(args)} AND r.pk = k.pk OFFSET 0) r",
            "k.value",
            # Only the first of a resource's values, in the direction asked, has a place.
            f"NOT EXISTS (SELECT FROM record.{values.table} s WHERE {values.of_type(args)} "
            f"AND s.pk = k.pk AND (s.{values.column}, s.{values.tie}) {before} (k.value, k.tie) "
            "OFFSET 0)",
        )

    def _without_value(self, args: Arguments) -> Part:
        values = self.values
        known = f" AND {values.absent}" if values.absent else ""
        bounds = self._bounds(f"r.{values.column}", args)
        unknown = (
            f"NOT EXISTS (SELECT FROM record.{values.table} s WHERE {values.of_type(args)} "
            "AND s.pk = k.pk OFFSET 0)"
        )
        return Part(
            f"{self._rows(args)}{known}{bounds}{self._beyond(('r.pk',), args)}",
            self.run.order("r.pk"),
            self.run.order("k.pk"),
            "CROSS JOIN LATERAL (SELECT k.*) r",
            f"NULL::{self.sql_type}",
            "true" if values.absent else unknown,
        )

    def _beyond(self, columns: tuple[str, ...], args: Arguments) -> str:
        """Leave out what lies before the place, which has a value or none."""
        place = self.place
        if place is None or (place.values[0] is None) != (len(columns) == 1):
            return ""
        bound = [] if place.values[0] is None else [args.bind_value(place.values[0], self.sql_type)]
        bound.append(args.bind_pk(place))
        return f" AND ({', '.join(columns)}) {self.run.sign} ({', '.join(bound)})"

    def _bounds(self, column: str, args: Arguments) -> str:
        return f" AND {self.within(column, args)}" if self.within else ""

    def _rows(self, args: Arguments) -> str:
        return f"SELECT r.* FROM {self.rows} WHERE r.tenant = {TENANT} AND r.type = {args.type}"
