"""Conditions joined into one, each of which keeps its own index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.store.search.condition import Condition
from shared.store.search.driving import driven

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.store.search.arguments import Arguments


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Join conditions that must all hold."""
    if len(conditions) == 1:
        return conditions[0]
    if not any(each.index for each in conditions):
        return Condition.same(lambda args: _joined(conditions, " AND ", args))
    return Condition.by_keys(
        lambda args: _joined(conditions, " AND ", args),
        lambda args: _keys([conditions], args),
        is_selective=any(each.is_selective for each in conditions),
    )


def any_of(conditions: Sequence[Condition]) -> Condition:
    """Join conditions of which one must hold."""
    if len(conditions) == 1:
        return conditions[0]
    if not all(each.index for each in conditions):
        return Condition.same(lambda args: _joined(conditions, " OR ", args))
    return Condition.by_keys(
        lambda args: _joined(conditions, " OR ", args),
        lambda args: _keys([[each] for each in conditions], args),
        is_selective=all(each.is_selective for each in conditions),
    )


def _joined(conditions: Sequence[Condition], word: str, args: Arguments) -> str:
    return "(" + word.join(f"({each.probe(args)})" for each in conditions) + ")"


def _keys(alternatives: Sequence[Sequence[Condition]], args: Arguments) -> str:
    """Select the keys of what meets one of the alternatives, each by its own indexes."""
    return " UNION ALL ".join(f"(SELECT r.pk AS key {driven(each, args)})" for each in alternatives)
