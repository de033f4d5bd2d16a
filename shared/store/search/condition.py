"""A condition on the relation `r`, a search row, in two forms.

`probe` looks at one row that is already in hand; `drive` lets an index find the rows. `OFFSET 0`
in a subquery keeps PostgreSQL from turning the one into the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shared.store.search.arguments import Arguments

Sql = Callable[[Arguments], str]
Within = Callable[[str, Arguments], str]
Index = Literal["terms", "keys", "range", "updated"]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is found first, among other resources: `find` selects a column `key` of it.

    `follow` writes what holds of `r`, from the SQL of an array of these.
    """

    find: Sql
    follow: Callable[[str], str]

    def drive(self, args: Arguments) -> str:
        """Follow all that is found."""
        return self.follow(f"ARRAY({self.find(args)})")


@dataclass(frozen=True, slots=True)
class Condition:
    """The forms of a condition; values are bound where one is written.

    `index` says what finds the rows in the second: their terms, a list of their keys, a range of
    theirs, when their resources were updated, or None. `is_selective` says that there are few,
    `is_likely_few` that there may well be. `elsewhere` is what `drive` finds first, which may be
    much where it is not selective. `within` bounds the column by which an index of a range, or of
    updates, orders the rows.
    """

    probe: Sql
    drive: Sql
    index: Index | None = None
    is_selective: bool = False
    elsewhere: Elsewhere | None = None
    is_likely_few: bool = False
    within: Within | None = None

    @classmethod
    def by_keys(cls, probe: Sql, find: Sql, *, is_selective: bool = False) -> Condition:
        """Make a condition on the rows whose keys `find` selects, as a column `key`."""
        elsewhere = Elsewhere(find, "r.pk = ANY({})".format)
        return cls(probe, elsewhere.drive, "keys", is_selective, elsewhere)

    @classmethod
    def same(cls, sql: Sql, index: Index | None = None, *, is_selective: bool = False) -> Condition:
        """Make a condition whose forms are the same."""
        return cls(sql, sql, index, is_selective)
