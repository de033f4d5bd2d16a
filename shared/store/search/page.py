"""How the rows of a page are found: in the order of an index, by an index's matches, or both.

In the third way the first rows of the order are looked at, which is enough where matches are
common; otherwise all matches are found by their terms or values and sorted. So neither a rare nor
a common criterion walks the record, and the planner is never left to guess which it is. Nor does
it choose how to join: after a load its statistics do not know a type yet, and it would compare
every row with every other. So keys come as arrays, and LATERAL with OFFSET 0 looks rows up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.fhir.search.query import Has, InCompartment
from shared.store.search.driving import (
    BY_RESOURCES,
    BY_ROWS,
    OF_TENANT,
    ROWS,
    all_of,
    driven,
)
from shared.store.search.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.search.query import Query, Restriction, Sort
    from shared.store.page_key import PageKey
    from shared.store.search.arguments import Arguments
    from shared.store.search.condition import Condition, Within
    from shared.store.search.order import Order
    from shared.store.search.walk import Part

# How many rows of the order are looked at before the matches are sought by their terms, and at
# least how many for each row of a page.
_BUDGET: Final = 1000
_FOR_EACH: Final = 10
# By which index a condition bounds an order.
_INDEX_OF: Final = {"r.d_lo": "range", "r.updated": "updated"}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search: what holds of its rows, their order, and where it begins."""

    query: Query
    conditions: Sequence[Condition]
    order: Order
    key: PageKey | None
    limit: int

    def compile(self, args: Arguments) -> str:
        """Write the common table expressions, of which the last is `page`."""
        indexes = [each for each in self.conditions if each.index]
        if any(each.is_selective for each in indexes):
            return self._of_matches(args)
        if self.order.is_indexed:
            few = any(each.is_likely_few for each in indexes)
            return self._of_either(args, begins_with_few=few) if indexes else self._of_order(args)
        look = self.order.walk if len(self.order.keys) == 1 else self.order.leading_walk
        walk = look(self.key, self._in_order, self._within("range"))
        if walk is None:
            return self._of_matches(args)
        if len(self.order.keys) > 1:
            return self._of_leading(walk.leading(args), args)
        return self._of_parts(walk.parts(args), args)

    def _of_leading(self, part: Part, args: Arguments) -> str:
        """Look at rows in the order of the first key, and sort those before the last value seen."""
        where = all_of(each.probe(args) for each in self.conditions)
        first, *others = self.order.keys
        columns = "".join(f", {key.expression} AS {key.name}" for key in others)
        looked_at = f"{part.looked_at} ORDER BY {part.order} LIMIT"
        before = ">" if first.descending != self.order.backward else "<"
        beyond = self.order.beyond(self.key, args) if self.key else "true"
        is_full = "(SELECT yes FROM is_full)"
        either = f"(SELECT * FROM led WHERE {is_full} UNION ALL SELECT * FROM matches) z"
        return (
            "edge AS MATERIALIZED "
            f"(SELECT z.value FROM ({looked_at} 1 OFFSET {self._budget:d}) z), "
            f"led AS MATERIALIZED (SELECT k.pk, {part.value} AS {first.name}{columns} "
            f"FROM ({looked_at} {self._budget:d}) k {part.row} WHERE {part.where} AND {where} "
            f"AND (NOT EXISTS (SELECT FROM edge) OR k.value {before} (SELECT value FROM edge))), "
            "is_full AS MATERIALIZED "
            f"(SELECT count(*) >= {self.limit:d} AS yes FROM led WHERE {beyond}), "
            f"{self._matches(args, f' AND NOT {is_full}')}, page AS ({self._first(either, args)})"
        )

    def _of_parts(self, parts: Sequence[Part], args: Arguments) -> str:
        """Look at the parts of the order, one after the other; find the matches if it was cut."""
        where = all_of(each.probe(args) for each in self.conditions)
        [name] = (key.name for key in self.order.keys)
        walks: list[str] = []
        is_full, is_cut = "false", "false"
        for place, part in enumerate(parts, 1):
            rows = part.rows(name, where, self.limit, self._budget)
            walks.append(
                f"walked_{place} AS MATERIALIZED "
                f"(SELECT * FROM ({rows}) z WHERE NOT ({is_full}) AND NOT ({is_cut})), "
            )
            found = " + ".join(f"(SELECT count(*) FROM walked_{n})" for n in range(1, place + 1))
            is_full = f"{found} >= {self.limit:d}"
            is_cut = f"{is_cut} OR NOT ({is_full}) AND {part.is_cut(self._budget)}"
        found = " UNION ALL ".join(
            f"SELECT * FROM walked_{n} WHERE NOT ({is_cut})" for n in range(1, len(parts) + 1)
        )
        either = f"({found} UNION ALL SELECT * FROM matches) z"
        matches = self._matches(args, f" AND ({is_cut})")
        return f"{''.join(walks)}{matches}, page AS ({self._first(either, args)})"

    @property
    def _budget(self) -> int:
        return max(_BUDGET, _FOR_EACH * self.limit)

    def _of_order(self, args: Arguments) -> str:
        where = all_of(each.probe(args) for each in self.conditions)
        found = self._walk(self._columns, where, f"LIMIT {self.limit:d}", args)
        return f"page AS MATERIALIZED ({found})"

    def _of_matches(self, args: Arguments) -> str:
        return f"{self._matches(args)}, page AS ({self._first('matches', args)})"

    def _of_either(self, args: Arguments, *, begins_with_few: bool) -> str:
        indexes = [each for each in self.conditions if each.index]
        followed = indexes[0].elsewhere if len(indexes) == 1 else None
        stages = Stages(
            self._columns,
            lambda end: self._order_within("r.*", args, end),
            all_of(each.probe(args) for each in self.conditions),
            self.order.by_column(),
            lambda unless: self._select(args, f" AND {unless}"),
            f"SELECT FROM ({followed.find(args)}) z" if followed else None,
        )
        tables, found = stages.compile(self.limit, self._budget, begins_with_few=begins_with_few)
        return f"{tables}, page AS ({self._first(f'({found}) z', args)})"

    @property
    def _columns(self) -> str:
        return f"r.pk{self.order.columns}"

    def _order_within(self, columns: str, args: Arguments, end: str) -> str:
        """Select from the rows in their order, as far as dates that are asked for bound it."""
        column = self.order.ordered_by
        within = self._within(_INDEX_OF[column]) if column in _INDEX_OF else None
        return self._walk(columns, within(column, args) if within else "true", end, args)

    def _within(self, index: str) -> Within | None:
        found = [each.within for each in self.conditions if each.within and each.index == index]
        if not found:
            return None
        return lambda column, args: all_of(within(column, args) for within in found)

    def _walk(self, columns: str, where: str, end: str, args: Arguments) -> str:
        beyond = f" AND {self.order.beyond_by_column(self.key, args)}" if self.key else ""
        of_type = f"{OF_TENANT} AND r.type = {args.type}"
        return (
            f"SELECT {columns} FROM {self._in_order} WHERE {of_type} AND {where}{beyond} "
            f"ORDER BY {self.order.by_column()} {end}"
        )

    def _select(self, args: Arguments, unless: str = "") -> str:
        found = driven(
            self.conditions, args, shows_updated=_is_asked("_lastUpdated", self.order.sorts)
        )
        return f"SELECT {self._columns} {found}{unless}"

    def _matches(self, args: Arguments, unless: str = "") -> str:
        # Without the fence PostgreSQL may walk an order instead, in the hope of early matches.
        return f"matches AS MATERIALIZED ({self._select(args, unless)})"

    @property
    def _in_order(self) -> str:
        sort = self.order.sorts
        if _is_asked("_id", sort) or _is_asked("_lastUpdated", sort):
            return BY_RESOURCES
        return BY_ROWS if _is_asked("_lastUpdated", self.query.criteria) else ROWS

    def _first(self, matches: str, args: Arguments) -> str:
        beyond = self.order.beyond(self.key, args) if self.key else "true"
        return (
            f"SELECT * FROM {matches} WHERE {beyond} "
            f"ORDER BY {self.order.by_name()} LIMIT {self.limit:d}"
        )


def _is_asked(code: str, asked: Sequence[Restriction | Sort]) -> bool:
    return any(
        each.parameter.code == code for each in asked if not isinstance(each, Has | InCompartment)
    )
