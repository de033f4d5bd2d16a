"""Half-open spans of time, in microseconds: united, cut, clipped and measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.dates import Range


def union(spans: Iterable[Range]) -> list[Range]:
    """Give the same time as spans that neither overlap nor touch, in order."""
    united: list[Range] = []
    for low, high in sorted(span for span in spans if span[0] < span[1]):
        if united and low <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], high))
        else:
            united.append((low, high))
    return united


def within(spans: Iterable[Range], bounds: Iterable[Range]) -> list[Range]:
    """Give the time of the spans that lies within the bounds."""
    limits = union(bounds)
    return [
        (max(low, first), min(high, last))
        for low, high in union(spans)
        for first, last in limits
        if max(low, first) < min(high, last)
    ]


def minus(spans: Iterable[Range], cuts: Iterable[Range]) -> list[Range]:
    """Give the time of the spans that no cut takes away."""
    left = union(spans)
    for first, last in union(cuts):
        left = [
            piece
            for low, high in left
            for piece in ((low, min(high, first)), (max(low, last), high))
            if piece[0] < piece[1]
        ]
    return left


def length(spans: Iterable[Range]) -> int:
    """Measure the time, each moment of it once."""
    return sum(high - low for low, high in union(spans))
