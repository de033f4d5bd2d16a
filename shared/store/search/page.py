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

from shared.fhir.search.query import Has
from shared.store.search.arguments import TENANT, Arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.search.query import Query, Restriction, Sort
    from shared.store.page_key import PageKey
    from shared.store.search.condition import Condition
    from shared.store.search.order import Order

# How many rows of the order are looked at before the matches are sought by their terms.
_BUDGET: Final = 1000
_OF_TENANT: Final = f"r.tenant = {TENANT}"
_ROWS: Final = "record.search_row r"
# The same with the resource's `updated`, found by rows or by resources.
_BY_ROWS: Final = (
    "(SELECT s.*, c.updated FROM record.search_row s CROSS JOIN LATERAL "
    "(SELECT c.updated FROM record.resource c "
    "WHERE c.tenant = s.tenant AND c.pk = s.pk OFFSET 0) c) r"
)
_BY_RESOURCES: Final = (
    "(SELECT c.tenant, c.type, c.pk, c.id, c.updated, "
    "s.patient, s.d_lo, s.d_hi, s.terms, s.targets "
    "FROM record.resource c CROSS JOIN LATERAL "
    "(SELECT s.patient, s.d_lo, s.d_hi, s.terms, s.targets FROM record.search_row s "
    "WHERE s.tenant = c.tenant AND s.type = c.type AND s.pk = c.pk OFFSET 0) s WHERE c.pk > 0) r"
)


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
        of_type = f"{_OF_TENANT} AND r.type = {args.type}"
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
            return _BY_RESOURCES
        return _BY_ROWS if _is_asked("_lastUpdated", self.query.criteria) else _ROWS

    def _first(self, matches: str, args: Arguments) -> str:
        beyond = self.order.beyond(self.key, args) if self.key else "true"
        return (
            f"SELECT * FROM {matches} WHERE {beyond} "
            f"ORDER BY {self.order.by_name()} LIMIT {self.limit:d}"
        )


def driven(conditions: Sequence[Condition], args: Arguments, *, shows_updated: bool = False) -> str:
    """Write from where the matches come, as `r`, so that their indexes find them."""
    indexes = {each.index for each in conditions if each.index}
    relation = _BY_ROWS if shows_updated or "updated" in indexes else _ROWS
    if indexes == {"updated"}:
        relation = _BY_RESOURCES
    # With `+ 0` PostgreSQL does not read the keys of a whole type to intersect them with the terms.
    column = "r.type + 0" if indexes - {"updated"} == {"terms"} else "r.type"
    found = _all(each.drive(args) for each in conditions)
    return f"FROM {relation} WHERE {_OF_TENANT} AND {column} = {args.type} AND {found}"


def _is_asked(code: str, asked: Sequence[Restriction | Sort]) -> bool:
    return any(each.parameter.code == code for each in asked if not isinstance(each, Has))


def _all(parts: Iterable[str]) -> str:
    return " AND ".join(parts) or "true"
