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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.search.query import Query, Restriction, Sort
    from shared.store.page_key import PageKey
    from shared.store.search.arguments import Arguments
    from shared.store.search.condition import Condition
    from shared.store.search.order import Order
    from shared.store.search.walk import Part

# How many rows of the order are looked at before the matches are sought by their terms.
_BUDGET: Final = 1000


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
            return self._of_either(args) if indexes else self._of_order(args)
        walk = self.order.walk(self.key, self._in_order)
        return self._of_parts(walk.parts(args), args) if walk else self._of_matches(args)

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
        return max(_BUDGET, 10 * self.limit)

    def _of_order(self, args: Arguments) -> str:
        where = all_of(each.probe(args) for each in self.conditions)
        return f"page AS MATERIALIZED ({self._walk(self._columns, where, self.limit, args)})"

    def _of_matches(self, args: Arguments) -> str:
        return f"{self._matches(args)}, page AS ({self._first('matches', args)})"

    def _of_either(self, args: Arguments) -> str:
        looked_at = self._walk("r.*", "true", self._budget, args)
        where = all_of(each.probe(args) for each in self.conditions)
        is_full = f"(SELECT count(*) FROM walked) >= {self.limit:d}"
        either = f"(SELECT * FROM walked WHERE {is_full} UNION ALL SELECT * FROM matches) z"
        return (
            f"walked AS MATERIALIZED (SELECT {self._columns} FROM ({looked_at}) r WHERE {where} "
            f"ORDER BY {self.order.by_column()} LIMIT {self.limit:d}), "
            f"{self._matches(args, f' AND NOT {is_full}')}, page AS ({self._first(either, args)})"
        )

    @property
    def _columns(self) -> str:
        return f"r.pk{self.order.columns}"

    def _walk(self, columns: str, where: str, limit: int, args: Arguments) -> str:
        beyond = f" AND {self.order.beyond_by_column(self.key, args)}" if self.key else ""
        of_type = f"{OF_TENANT} AND r.type = {args.type}"
        return (
            f"SELECT {columns} FROM {self._in_order} WHERE {of_type} AND {where}{beyond} "
            f"ORDER BY {self.order.by_column()} LIMIT {limit:d}"
        )

    def _matches(self, args: Arguments, unless: str = "") -> str:
        found = driven(
            self.conditions, args, shows_updated=_is_asked("_lastUpdated", self.query.sort)
        )
        # Without the fence PostgreSQL may walk an order instead, in the hope of early matches.
        return f"matches AS MATERIALIZED (SELECT {self._columns} {found}{unless})"

    @property
    def _in_order(self) -> str:
        sort = self.query.sort
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
