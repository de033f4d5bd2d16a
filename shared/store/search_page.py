"""How the rows of a page are found: in the order of an index, by an index's matches, or both.

In the third way the first rows of the order are looked at, which is enough where matches are
common; otherwise all matches are found by their terms or values and sorted. So neither a rare nor
a common criterion walks the record, and the planner is never left to guess which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.fhir.search.parameters import COLUMNS
from shared.store.search_arguments import TENANT, TYPE, Arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.search.query import Query
    from shared.store.page_key import PageKey
    from shared.store.search_condition import Condition
    from shared.store.search_order import Order

# How many rows of the order are looked at before the matches are sought by their terms.
_BUDGET: Final = 1000
_OF_TYPE: Final = f"r.tenant = {TENANT} AND r.type = {TYPE}"
# With `+ 0` PostgreSQL does not read the keys of a whole type to intersect them with the terms.
_OF_TYPE_BY_TERMS: Final = f"r.tenant = {TENANT} AND r.type + 0 = {TYPE}"
_ROWS: Final = "record.search_row r"
_ROWS_OF_RESOURCES: Final = (
    "(SELECT s.tenant, s.type, s.pk, s.patient, s.d_lo, s.d_hi, s.terms, c.id, c.updated "
    "FROM record.search_row s JOIN record.resource c "
    "ON c.tenant = s.tenant AND c.type = s.type AND c.pk = s.pk) r"
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search: what holds of its rows, their order, and where it begins."""

    rows: str
    conditions: Sequence[Condition]
    order: Order
    key: PageKey | None
    limit: int

    def compile(self, args: Arguments) -> str:
        """Write the common table expressions, of which the last is `page`."""
        indexes = [each for each in self.conditions if each.index]
        if not self.order.is_indexed or any(each.is_selective for each in indexes):
            return self._of_matches(args)
        return self._of_either(args) if indexes else self._of_order(args)

    def _of_order(self, args: Arguments) -> str:
        where = _all(each.probe(args) for each in self.conditions)
        return f"page AS MATERIALIZED ({self._walk(self._columns, where, self.limit, args)})"

    def _of_matches(self, args: Arguments) -> str:
        return f"{self._matches(args)}, page AS ({self._first('matches', args)})"

    def _of_either(self, args: Arguments) -> str:
        looked_at = self._walk("r.*", "true", max(_BUDGET, 10 * self.limit), args)
        where = _all(each.probe(args) for each in self.conditions)
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
        return (
            f"SELECT {columns} FROM {self.rows} WHERE {_OF_TYPE} AND {where}{beyond} "
            f"ORDER BY {self.order.by_column()} LIMIT {limit:d}"
        )

    def _matches(self, args: Arguments, unless: str = "") -> str:
        where = driven(self.conditions, args)
        # Without the fence PostgreSQL may walk an order instead, in the hope of early matches.
        return (
            f"matches AS MATERIALIZED (SELECT {self._columns} FROM {self.rows} "
            f"WHERE {where}{unless})"
        )

    def _first(self, matches: str, args: Arguments) -> str:
        beyond = self.order.beyond(self.key, args) if self.key else "true"
        return (
            f"SELECT * FROM {matches} WHERE {beyond} "
            f"ORDER BY {self.order.by_name()} LIMIT {self.limit:d}"
        )


def rows(query: Query) -> str:
    """Name the relation `r`, with the columns of the resource where the search asks for them."""
    asked = {each.parameter.code for each in (*query.criteria, *query.sort)}
    return _ROWS_OF_RESOURCES if asked & COLUMNS else _ROWS


def driven(conditions: Sequence[Condition], args: Arguments) -> str:
    """Write the conditions so that their indexes find the rows."""
    by_terms = {each.index for each in conditions if each.index} == {"terms"}
    of_type = _OF_TYPE_BY_TERMS if by_terms else _OF_TYPE
    return f"{of_type} AND {_all(each.drive(args) for each in conditions)}"


def _all(parts: Iterable[str]) -> str:
    return " AND ".join(parts) or "true"
