"""Measures a program: its peak in a closed loop, then its latency at 80 % of it in an open one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.bench.figures import Latency, Measure
from tests.bench.load import Plan, closed, opened
from tests.bench.usage import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.connection import Caller
    from tests.bench.load import Samples
    from tests.bench.programs import Program
    from tests.bench.usage import Usage

LOAD: Final = 0.8


@dataclass(frozen=True, slots=True)
class Effort:
    """With how many connections, and for how long each of the two loops runs."""

    callers: int
    seconds: float

    @property
    def warm_seconds(self) -> float:
        """How long it runs before anything counts."""
        return min(3.0, self.seconds / 3)


def measure(program: Program, effort: Effort, caller: Callable[[int], Caller]) -> Measure:
    """Measure with callers of different seeds."""
    peak, usage = _peak(program, effort, [caller(seed) for seed in range(effort.callers)])
    each = peak.weight / peak.answers if peak.answers else 1.0
    plan = Plan(max(1.0, peak.rate / each * LOAD), effort.seconds)
    callers = [caller(seed) for seed in range(1000, 1000 + effort.callers)]
    at_load = opened(program.port, callers, plan)
    return Measure(
        rate=peak.rate,
        latency=Latency.of(at_load.all),
        at_rate=plan.rate * each,
        usage=usage,
        parts={name: Latency.of(part) for name, part in sorted(at_load.latencies.items())},
        refused=_refused(peak, at_load),
    )


def _peak(program: Program, effort: Effort, callers: list[Caller]) -> tuple[Samples, Usage]:
    watch = Watch(program.process, program.postmaster)
    samples = closed(program.port, callers, effort.seconds, warm_seconds=effort.warm_seconds)
    return samples, watch.stop()


def _refused(*loops: Samples) -> dict[str, int]:
    found = {
        f"{label} {status}": count
        for samples in loops
        for (label, status), count in samples.refused.items()
    }
    return dict(sorted(found.items()))
