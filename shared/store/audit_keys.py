"""Conditions on the rows of the audit, and the keys by which an index finds what meets them.

A row is `a`. What an index finds is written twice: as keys that lead to rows in the order of that
index, and as a test of a row that is already in hand.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """Values of columns: the relation `k` of them, what joins it to a row, and the test.

    `number` is how many were asked for, whatever is there of them; None where others lead to them.
    """

    relation: str
    join: str
    test: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of a row: one of the alternatives, or a test that no index answers.

    `is_bound` says that rows of which it does not hold are not looked at: they are outside of a
    range of time, or of what the caller may see.
    """

    alternatives: tuple[Keys, ...] = ()
    test_only: str = ""
    is_bound: bool = False

    @property
    def test(self) -> str:
        """Test a row that is in hand."""
        return self.test_only or f"({' OR '.join(keys.test for keys in self.alternatives)})"


def column(name: str, array: str, number: int | None = None) -> Keys:
    """Lead to rows by the values of a column."""
    relation = f"unnest({array}) AS k(value)"
    return Keys(relation, f"a.{name} = k.value", f"a.{name} = ANY({array})", number)
