"""Tells what requests cost a worker: `python -m tests.bench.cost read`, or crud, or search.

The all-in-one program runs in this process without a network, 16 requests at once, so that the
processor time is that of the application alone, whatever else the machine does. The shares come
of a second run under the profiler, which makes everything slower but leaves them roughly as they
are.
"""

from __future__ import annotations

import asyncio
import cProfile
import os
import pstats
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import uvloop

from services.cli.programs import all_in_one
from shared.server.lifespan import running
from shared.store.embedded import EmbeddedServer
from tests.bench import workloads
from tests.bench.connection import Answer
from tests.bench.population.building import build
from tests.bench.population.database import FOLDER, copy, drop, kept_name, names
from tests.bench.samples import Samples
from tests.bench.shapes import SHAPES, TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Scope

    from tests.bench.connection import Caller

SIZE: Final = 10_000
_CALLERS: Final = 16
_WARM: Final = 800
_REQUESTS: Final = 4000
_SHOWN: Final = 45


async def run(kind: str, url: str, profile: cProfile.Profile | None) -> float:
    """Answer some thousand requests, and give the processor microseconds of one."""
    app, make = all_in_one(), await caller(kind, url)
    async with running(app):
        await _ask_all(app, make, _WARM, 0)
        begun = time.process_time()
        if profile:
            profile.enable()
        await _ask_all(app, make, _REQUESTS, 100)
        if profile:
            profile.disable()
        return (time.process_time() - begun) / _REQUESTS * 1e6


async def caller(kind: str, url: str) -> Callable[[int], Caller]:
    """Make callers of a workload."""
    if kind == "crud":
        bodies = (await Samples.take(url, workloads.CRUD_TYPES)).bodies
        sent = {name: list(map(workloads.as_sent, each)) for name, each in bodies.items()}
        return partial(workloads.changing, sent)
    samples = await Samples.take(url, TYPES)
    if kind == "search":
        return partial(workloads.searching, SHAPES, samples)
    return partial(workloads.reading, samples)


async def _ask_all(
    app: ASGIApp, make: Callable[[int], Caller], requests: int, first_seed: int
) -> None:
    seeds = range(first_seed, first_seed + _CALLERS)
    await asyncio.gather(*(_ask(app, make(seed), requests // _CALLERS) for seed in seeds))


async def _ask(app: ASGIApp, asking: Caller, requests: int) -> None:
    asked = next(asking)
    for _ in range(requests):
        asked = asking.send(await _answer(app, asked.raw))


async def _answer(app: ASGIApp, raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, target, _ = first.split(b" ")
    path, _, query = target.partition(b"?")
    pairs = (line.partition(b": ") for line in lines)
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method.decode(),
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, _, value in pairs],
        "state": {},
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    told = b"".join(b"\r\n%b: %b" % each for each in sent[0]["headers"])
    return Answer(sent[0]["status"], told, b"".join(each.get("body", b"") for each in sent[1:]))


def main() -> None:
    """Run twice and print."""
    kind = sys.argv[1]
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = EmbeddedServer.start(FOLDER, print)
    os.environ |= {"STEPDOWN_OPEN": "true", "STEPDOWN_LOG_LEVEL": "error"}
    try:
        if kept_name(SIZE) not in asyncio.run(names(server.url)):
            asyncio.run(build(server.url, kept_name(SIZE), SIZE, lambda *_: None))
        # Of the processor's time: by the clock, whoever wakes another process pays for it.
        profile = cProfile.Profile(time.process_time)
        for each in (None, profile):
            url = asyncio.run(copy(server.url, kept_name(SIZE), "run_cost"))
            os.environ["STEPDOWN_DATABASE_URL"] = url
            spent = uvloop.run(run(kind, url, each))
            print(
                f"{spent:,.0f} µs of processor time a request{' under the profiler' * bool(each)}"
            )
        asyncio.run(drop(server.url, ["run_cost"]))
        statistics = pstats.Stats(profile).strip_dirs()
        statistics.sort_stats("cumulative").print_stats(_SHOWN)
        statistics.sort_stats("tottime").print_stats(_SHOWN)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
