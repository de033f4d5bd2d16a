"""The figures of a run: percentiles, goals, and how they are shown and kept; pure."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.usage import Usage


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least a share of all values do not exceed."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


@dataclass(frozen=True, slots=True)
class Latency:
    """How long answers took, in milliseconds, and how many there were."""

    p50: float
    p95: float
    p99: float
    worst: float
    count: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        """Take it of latencies in seconds."""
        p50, p95, p99 = (percentile(seconds, share) * 1000 for share in (0.5, 0.95, 0.99))
        return cls(p50, p95, p99, max(seconds, default=0.0) * 1000, len(seconds))


@dataclass(frozen=True)
class Measure:
    """What was measured of one program: its peak, and its latency at a share of it."""

    rate: float
    latency: Latency
    at_rate: float
    usage: Usage
    parts: dict[str, Latency]
    refused: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted, what there is, and whether that is enough."""

    wanted: str
    found: str
    met: bool


@dataclass
class Figure:
    """The result of one workload on a record of some size."""

    workload: str
    size: int
    unit: str
    product: Measure
    ceiling: Measure | None = None
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Growth:
    """A shape of search: the latency at each size, or why there is none."""

    shape: str
    search: str
    at: dict[int, Latency]
    refusal: str = ""

    @property
    def factors(self) -> list[float]:
        """By how much the median grew from each size to the next."""
        medians = [self.at[size].p50 for size in sorted(self.at)]
        return [after / before for before, after in itertools.pairwise(medians)]

    @property
    def is_flat(self) -> bool:
        """Tell whether no tenfold of the record made it more than three times as slow."""
        sizes = sorted(self.at)
        steps = zip(self.factors, sizes, sizes[1:], strict=False)
        return all(factor <= 3 ** math.log10(after / before) for factor, before, after in steps)
