"""How the rows of the audit are looked at: along what leads, in the order of time, and not far.

What leads has an index. What else is asked of a row is asked of the first rows that it leads to:
beyond so many of these nothing is sought, so that no rare criterion reads all of the audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.store.search.arguments import TENANT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.store.audit_keys import Condition, Keys

# So many rows are looked at, shared by the keys that lead to them, and at least so many for each.
MOST_LOOKED_AT: Final = 10_000
_LEAST_OF_EACH: Final = 100
_PLACE: Final = "SELECT a.recorded, a.position FROM"


@dataclass(frozen=True, slots=True)
class Walk:
    """A way through the rows of which conditions hold, from one end or from beyond a place.

    With `is_short` it is cut off even where all that is asked is what leads.
    """

    found: Sequence[Condition]
    beyond: str = ""
    descends: bool = True
    is_short: bool = False

    @property
    def leading(self) -> Condition | None:
        """What leads to the rows: the first condition that an index answers."""
        return next((each for each in self.found if each.alternatives), None)

    @property
    def is_cut_off(self) -> bool:
        """Tell whether it may end before all matches are found."""
        return self.is_short or bool(self._asked())

    @property
    def is_in_order(self) -> bool:
        """Tell whether one key leads, so that what is not looked at comes after all that is."""
        numbers = [keys.number for keys in self.leading.alternatives] if self.leading else []
        return numbers in ([], [1])

    def rows(self, limit: int | None = None) -> str:
        """Select the places of matches: for each key so many, or all that are looked at."""
        end = "" if limit is None else f"{self._order()} LIMIT {limit:d}"
        if self.leading is None:
            return f"({self._of(None, end)})"
        # A row that two alternatives lead to is found once.
        return " UNION ".join(
            f"(SELECT m.* FROM {keys.relation}, LATERAL ({self._of(keys, end)}) m)"
            for keys in self.leading.alternatives
        )

    def is_cut(self, until: str = "") -> str:
        """Test whether there are rows beyond those that are looked at, perhaps of some only."""
        ways = self.leading.alternatives if self.leading else (None,)
        # What else is asked only gives the values that are bound for it their types.
        asked = f"a.recorded, a.position, {all_of(self._asked())} AS is_asked"
        tests = []
        for keys in ways:
            relation = "" if keys is None else f"{keys.relation}, "
            more = f"{self._looked_at(keys, asked)} OFFSET {_most(keys)} LIMIT 1"
            tests.append(f"EXISTS (SELECT FROM {relation}LATERAL ({more}) m {until})")
        return f"({' OR '.join(tests)})"

    def _of(self, keys: Keys | None, end: str) -> str:
        if not self.is_cut_off:
            return f"{_PLACE} record.audit a WHERE {self._where(keys)} {end}"
        asked = all_of(self._asked())
        return f"{_PLACE} ({self._looked_at(keys)} LIMIT {_most(keys)}) a WHERE {asked} {end}"

    def _looked_at(self, keys: Keys | None, shown: str = "a.*") -> str:
        return f"SELECT {shown} FROM record.audit a WHERE {self._where(keys)} {self._order()}"

    def _where(self, keys: Keys | None) -> str:
        bounds = [each for each in self.found if each.is_bound and each is not self.leading]
        joined = "" if keys is None else f" AND {keys.join}"
        return f"a.tenant = {TENANT} AND {all_of(bounds)}{joined} {self.beyond}"

    def _asked(self) -> list[Condition]:
        return [each for each in self.found if not each.is_bound and each is not self.leading]

    def _order(self) -> str:
        return f"ORDER BY {by_time('a.', descends=self.descends)}"


def all_of(found: Iterable[Condition]) -> str:
    """Test whether all of some conditions hold."""
    return " AND ".join(each.test for each in found) or "true"


def by_time(row: str, *, descends: bool) -> str:
    """Write the order of time."""
    down = "DESC" if descends else "ASC"
    return f"{row}recorded {down}, {row}position {down}"


def _most(keys: Keys | None) -> str:
    if keys is None:
        return f"{MOST_LOOKED_AT:d}"
    if keys.number is not None:
        return f"{max(MOST_LOOKED_AT // max(keys.number, 1), _LEAST_OF_EACH):d}"
    return (
        f"(SELECT greatest({MOST_LOOKED_AT:d} / greatest(count(*), 1), {_LEAST_OF_EACH:d}) "
        f"FROM {keys.relation})"
    )
