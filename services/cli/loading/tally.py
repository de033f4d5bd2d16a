"""Counts what became of each resource, by type, and keeps the first reasons of refusals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

REASONS_MAX: Final = 20
REASON_CHARACTERS_MAX: Final = 300

Column = Literal["created", "already there", "refused"]


def column_of(status: int) -> Column:
    """Name the column that an entry with this response status is counted in."""
    if status == 201:
        return "created"
    return "already there" if 200 <= status < 300 else "refused"


@dataclass(slots=True)
class Tally:
    """What has been stored and refused so far."""

    counts: Counter[tuple[str, Column]] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)
    reasons_left_out: int = 0

    def count(self, resource_type: str, column: Column, number: int = 1) -> None:
        """Count resources of a type in a column."""
        self.counts[resource_type, column] += number

    def explain(self, reason: str) -> None:
        """Keep a reason as one line, if there is still room for it."""
        if len(self.reasons) == REASONS_MAX:
            self.reasons_left_out += 1
            return
        line = " ".join(reason.split())
        too_long = len(line) > REASON_CHARACTERS_MAX
        self.reasons.append(line[: REASON_CHARACTERS_MAX - 1] + "…" if too_long else line)

    @property
    def refused(self) -> int:
        """How many resources were refused."""
        return sum(n for (_, column), n in self.counts.items() if column == "refused")

    @property
    def total(self) -> int:
        """How many resources were answered for."""
        return self.counts.total()

    def rows(self) -> list[tuple[str, int, int, int]]:
        """List (type, created, already there, refused), ordered by type."""
        types = sorted({resource_type for resource_type, _ in self.counts})
        return [
            (
                name,
                self.counts[name, "created"],
                self.counts[name, "already there"],
                self.counts[name, "refused"],
            )
            for name in types
        ]
