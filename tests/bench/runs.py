"""The workloads, each on a record of some size, with the ceiling measured in the same run."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.bench import workloads
from tests.bench.ceiling import Job
from tests.bench.connection import Request, request
from tests.bench.figures import Figure, Goal, Growth, Latency
from tests.bench.load import closed
from tests.bench.measuring import Effort, measure
from tests.bench.programs import ceiling
from tests.bench.recording import recorded
from tests.bench.samples import Samples
from tests.bench.shapes import SHAPES, TYPES, NoValue

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.connection import Answer, Caller
    from tests.bench.figures import Measure
    from tests.bench.programs import Program
    from tests.bench.shapes import Shape

_CLIENTS: Final = 64
_MEGABYTES: Final = 250
_MILLISECONDS: Final = 100
# So many searches, and so many resources of each type, are known to the ceiling.
_SEARCHES: Final = 3000
_WRITES: Final = 20


@dataclass(frozen=True, slots=True)
class Stage:
    """A record of some size to measure on, for how long, and where files may be put."""

    url: str
    size: int
    seconds: float
    folder: Path


def read(stage: Stage, program: Program) -> Figure:
    """Read by id."""
    samples = asyncio.run(Samples.take(stage.url, ()))
    effort = Effort(_CLIENTS, stage.seconds)
    caller = partial(workloads.reading, samples)
    found = measure(program, effort, caller)
    with ceiling(Job(stage.url), stage.folder) as bare:
        top = measure(bare, effort, caller)
    share = found.rate / top.rate
    half = Goal("half of the ceiling", f"{share:.0%}", share >= 0.5)
    goals = [at_least(4000, found), half, fast(found), slim(found)]
    return Figure("read", stage.size, "reads", found, top, goals)


def crud(stage: Stage, program: Program) -> Figure:
    """Create, read, update and delete resources of nine types."""
    samples = asyncio.run(Samples.take(stage.url, workloads.CRUD_TYPES))
    contents = {name: list(map(workloads.as_sent, each)) for name, each in samples.bodies.items()}
    effort = Effort(_CLIENTS, stage.seconds)
    found = measure(program, effort, partial(workloads.changing, contents))
    known = [(name, body) for name, bodies in samples.bodies.items() for body in bodies[:_WRITES]]
    calls = asyncio.run(recorded(stage.url, [[body] for _, body in known], cycle=True))
    with ceiling(Job(stage.url, writes=calls), stage.folder) as bare:
        top = measure(bare, effort, partial(workloads.changing_bare, [name for name, _ in known]))
    goals = [at_least(1500, found), fast(found), slim(found)]
    return Figure("crud", stage.size, "requests", found, top, goals)


def search(stage: Stage, program: Program) -> Figure:
    """Search in all shapes that are served."""
    samples = asyncio.run(Samples.take(stage.url, TYPES))
    refused = unserved(program, samples)
    served = [each for each in SHAPES if workloads.label(each) not in refused]
    effort = Effort(_CLIENTS, stage.seconds)
    found = measure(program, effort, partial(workloads.searching, served, samples))
    chance = random.Random(7)
    searches = [chance.choice(served).search(samples, chance) for _ in range(_SEARCHES)]
    with ceiling(Job(stage.url, searches=searches), stage.folder) as bare:
        top = measure(bare, effort, partial(workloads.searching_bare, len(searches)))
    goals = [at_least(1200, found)] if stage.size <= 100_000 else []
    notes = [f"not served: {name} ({why})" for name, why in refused.items()]
    return Figure(
        "search", stage.size, "searches", found, top, [*goals, fast(found), slim(found)], notes
    )


def growth(stage: Stage, program: Program) -> dict[str, Growth]:
    """Ask for each shape alone, one search after the other."""
    samples = asyncio.run(Samples.take(stage.url, TYPES))
    refused = unserved(program, samples)
    return {
        workloads.label(shape): _alone(stage, program, shape, samples, refused) for shape in SHAPES
    }


def _alone(
    stage: Stage, program: Program, shape: Shape, samples: Samples, refused: dict[str, str]
) -> Growth:
    name = workloads.label(shape)
    if name in refused:
        return Growth(name, "", {}, refused[name])
    found = Growth(name, shape.search(samples, random.Random(1)), {})
    caller = workloads.searching([shape], samples, 1)
    seconds = max(0.1, stage.seconds / 5)
    timed = closed(program.port, [caller], seconds, warm_seconds=seconds / 4)
    found.at[stage.size] = Latency.of(timed.all)
    return found


def unserved(program: Program, samples: Samples) -> dict[str, str]:
    """Name the shapes that are refused, or that the record has no value for, with the reason."""
    found: dict[str, str] = {}
    for shape in SHAPES:
        heard: list[Answer] = []
        try:
            search = shape.search(samples, random.Random(2))
        except NoValue as error:
            found[workloads.label(shape)] = str(error)
            continue
        closed(program.port, [_once(search, heard)], 0.0)
        if heard[0].status >= 400:
            found[workloads.label(shape)] = f"status {heard[0].status}"
    return found


def _once(search: str, heard: list[Answer]) -> Caller:
    asked = Request("search", request("GET", f"/fhir/{search}"))
    while True:
        heard.append((yield asked))


def at_least(wanted: int, found: Measure) -> Goal:
    """Compare a rate with its goal."""
    return Goal(f"{wanted:,}/s", f"{found.rate:,.0f}/s", found.rate >= wanted)


def fast(found: Measure) -> Goal:
    """Compare the 99th percentile with its goal."""
    p99 = found.latency.p99
    return Goal(f"p99 up to {_MILLISECONDS} ms", f"{p99:,.0f} ms", p99 <= _MILLISECONDS)


def slim(found: Measure) -> Goal:
    """Compare the largest worker's memory with its goal."""
    used = found.usage.worker_mb
    return Goal(f"up to {_MEGABYTES} MB a worker", f"{used:,.0f} MB", used <= _MEGABYTES)
