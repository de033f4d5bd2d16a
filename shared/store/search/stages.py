"""A page found step by step, each step taken only where those before it did not fill the page.

Rows of the order are looked at first, which is enough where matches are common; then the matches
are sought by an index, as long as they are few; then more of the order; at last all matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# Matches are few up to this; where they are more, some stand among so many rows of an order.
_FEW: Final = 2000
_LONGER: Final = 20


@dataclass(frozen=True, slots=True)
class Stages:
    """The steps to a page of an order that an index has.

    `looked_at` gives the rows of the order with a limit or an offset, of which `where` must hold;
    `matches` selects all, under a condition that comes last; `keys`, if there is, what it follows
    one after the other.
    """

    columns: str
    looked_at: Callable[[str], str]
    where: str
    order: str
    matches: Callable[[str], str]
    keys: str | None = None

    def compile(self, limit: int, budget: int, *, begins_with_few: bool) -> tuple[str, str]:
        """Write the common table expressions, and the select of what they found."""
        first = "SELECT false AS yes" if begins_with_few else self._enough("walked", limit, budget)
        walked = "" if begins_with_few else self._walk("walked", limit, budget, "true")
        more = budget * _LONGER
        tables = (
            f"{walked}is_walked AS MATERIALIZED ({first}), "
            f"is_sought AS MATERIALIZED ({self._is_sought()}), "
            f"few AS MATERIALIZED ({self.matches('(SELECT yes FROM is_sought)')} "
            f"LIMIT {_FEW + 1:d}), "
            "is_few AS MATERIALIZED (SELECT (SELECT yes FROM is_walked) "
            f"OR (SELECT yes FROM is_sought) AND count(*) <= {_FEW:d} AS yes FROM few), "
            f"{self._walk('longer', limit, more, 'NOT (SELECT yes FROM is_few)')}"
            "is_longer AS MATERIALIZED (SELECT CASE WHEN (SELECT yes FROM is_few) THEN true "
            f"ELSE (SELECT z.yes FROM ({self._enough('longer', limit, more)}) z) END AS yes), "
            f"matches AS MATERIALIZED ({self.matches('NOT (SELECT yes FROM is_longer)')})"
        )
        found = [
            "SELECT * FROM few WHERE (SELECT yes FROM is_few)",
            "SELECT * FROM longer WHERE (SELECT yes FROM is_longer)",
            "SELECT * FROM matches",
        ]
        if not begins_with_few:
            found.insert(0, "SELECT * FROM walked WHERE (SELECT yes FROM is_walked)")
        return tables, " UNION ALL ".join(found)

    def _walk(self, name: str, limit: int, budget: int, unless: str) -> str:
        return (
            f"{name} AS MATERIALIZED (SELECT {self.columns} FROM "
            f"({self.looked_at(f'LIMIT {budget:d}')}) r WHERE {unless} AND {self.where} "
            f"ORDER BY {self.order} LIMIT {limit:d}), "
        )

    def _is_sought(self) -> str:
        """Tell whether matches are to be sought: they are not where too many keys are followed."""
        many = f"EXISTS ({self.keys} OFFSET {_FEW:d})" if self.keys else "false"
        return f"SELECT CASE WHEN (SELECT yes FROM is_walked) THEN false ELSE NOT {many} END AS yes"

    def _enough(self, name: str, limit: int, budget: int) -> str:
        """Tell whether the page is full, or the order was looked at to its end."""
        return (
            f"SELECT CASE WHEN (SELECT count(*) FROM {name}) >= {limit:d} THEN true ELSE "
            f"NOT EXISTS ({self.looked_at(f'OFFSET {budget:d}')}) END AS yes"
        )
