"""A value of FHIR's JSON with its twin: what a primitive carries beside it, its id and extensions.

A list of primitives and the list of their twins are one list of pairs; complex values have no twin.
https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject

Pair = tuple[Any, Any]


def has(holder: JsonObject, key: str) -> bool:
    """Tell whether there is anything at a key."""
    return key in holder or f"_{key}" in holder


def pairs_at(holder: JsonObject, key: str) -> list[Pair]:
    """Give the pairs of a list."""
    return list(zip_longest(_as_list(holder.get(key)), _as_list(holder.get(f"_{key}"))))


def put_pairs(holder: JsonObject, key: str, pairs: Sequence[Pair]) -> None:
    """Put a list of pairs at a key; what has no values has no list."""
    _put(holder, key, [value for value, _ in pairs])
    _put(holder, f"_{key}", [twin for _, twin in pairs])


def put(holder: JsonObject, key: str, pair: Pair) -> None:
    """Put one pair at a key, which is no list."""
    for name, value in zip((key, f"_{key}"), pair, strict=True):
        holder.pop(name, None)
        if value is not None:
            holder[name] = value


def remove(holder: JsonObject, key: str, index: int | None) -> None:
    """Take away what stands at a key, or at a place in its list."""
    if index is None:
        put(holder, key, (None, None))
    else:
        pairs = pairs_at(holder, key)
        del pairs[index]
        put_pairs(holder, key, pairs)


def _put(holder: JsonObject, key: str, values: list[Any]) -> None:
    holder.pop(key, None)
    if any(value is not None for value in values):
        holder[key] = values


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if type(value) is list else []
