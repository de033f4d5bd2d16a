"""The load generator: many keep-alive connections in one event loop, with little between.

In a closed loop each connection asks again as soon as it is answered: that gives the rate. In an
open loop the requests have planned times, whatever the server does, and a latency counts from the
planned time: a server that stalls is charged for all who would have come meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import time
from array import array
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import uvloop

from tests.bench.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.connection import Answer, Caller, Request

_DRAIN_SECONDS: Final = 60


@dataclass
class Samples:
    """The latencies in seconds by label, what was refused, and how long it all took."""

    seconds: float = 0.0
    weight: int = 0
    late: int = 0
    latencies: dict[str, array[float]] = field(default_factory=lambda: defaultdict(_seconds))
    refused: Counter[tuple[str, int]] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """How many were answered each second, by their weight."""
        return self.weight / self.seconds if self.seconds else 0.0

    @property
    def answers(self) -> int:
        """How many requests were answered well."""
        return sum(map(len, self.latencies.values()))

    @property
    def all(self) -> array[float]:
        """Every latency, whatever was asked."""
        return array("d", (each for part in self.latencies.values() for each in part))


def _seconds() -> array[float]:
    return array("d")


@dataclass(frozen=True, slots=True)
class Plan:
    """When requests are to be sent: evenly, from 0, for some seconds."""

    rate: float
    seconds: float

    def __len__(self) -> int:
        return max(1, int(self.rate * self.seconds))

    def at(self, number: int) -> float:
        """Tell when a request is to be sent."""
        return number / self.rate


def closed(
    port: int, callers: Sequence[Caller], seconds: float, *, warm_seconds: float = 0.0
) -> Samples:
    """Let every caller ask again as soon as it is answered."""
    return _run(_Closed(port, seconds, warm_seconds), callers)


def opened(
    port: int, callers: Sequence[Caller], plan: Plan, *, drain_seconds: float = 60.0
) -> Samples:
    """Send requests as planned, each by a caller who waits for nothing.

    :raises TimeoutError: when the last answers do not come in time.
    """
    return _run(_Open(port, plan, drain_seconds), callers)


def _run(load: _Load, callers: Sequence[Caller]) -> Samples:
    gc.collect()
    gc.disable()
    try:
        return uvloop.run(load.run(callers))
    finally:
        gc.enable()


class _Load:
    """What both loops share: the connections, and the counting."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.samples = Samples()
        self._ended: asyncio.Event = asyncio.Event()
        self._open = 0
        self._failure: BaseException | None = None

    async def run(self, callers: Sequence[Caller]) -> Samples:
        """Connect every caller, go on until the end, and wait for the last answers."""
        self._ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        connections = []
        for caller in callers:
            made = await loop.create_connection(
                partial(Connection, self, caller), "127.0.0.1", self._port
            )
            connections.append(made[1])
        try:
            self._begin(connections)
            async with asyncio.timeout(self._limit()):
                await self._ended.wait()
        finally:
            for connection in connections:
                connection.close()
        if self._failure is not None:
            raise self._failure
        return self.samples

    def answered(self, connection: Connection, answer: Answer, begun: float) -> None:
        """Count an answer, and let the connection go on."""
        now = time.perf_counter()
        asked = connection.asked
        if self._counts(now):
            self._count(asked, answer.status, now - begun)
        connection.learn(answer)
        self._next(connection, now)

    def lost(self, error: BaseException | None) -> None:
        """End everything: a server that closes connections cannot be measured."""
        self._failure = self._failure or error or ConnectionError("a connection was closed")
        self._ended.set()

    def _counts(self, now: float) -> bool:
        raise NotImplementedError

    def _count(self, asked: Request, status: int, seconds: float) -> None:
        samples = self.samples
        if status >= 400:
            samples.refused[asked.label, status] += 1
            return
        samples.latencies[asked.label].append(seconds)
        samples.weight += asked.weight

    def _begin(self, connections: Sequence[Connection]) -> None:
        raise NotImplementedError

    def _next(self, connection: Connection, now: float) -> None:
        raise NotImplementedError

    def _limit(self) -> float:
        raise NotImplementedError


class _Closed(_Load):
    def __init__(self, port: int, seconds: float, warm_seconds: float) -> None:
        super().__init__(port)
        self._seconds, self._warm = seconds, warm_seconds
        self._begun = self._until = 0.0

    def _begin(self, connections: Sequence[Connection]) -> None:
        now = time.perf_counter()
        self._begun = now + self._warm
        self._until = self._begun + self._seconds
        self._open = len(connections)
        for connection in connections:
            connection.send(now)

    def _next(self, connection: Connection, now: float) -> None:
        if now < self._until:
            connection.send(now)
            return
        self._open -= 1
        if not self._open:
            self.samples.seconds = now - self._begun
            self._ended.set()

    def _counts(self, now: float) -> bool:
        return now >= self._begun

    def _limit(self) -> float:
        return self._warm + self._seconds + _DRAIN_SECONDS


class _Open(_Load):
    def __init__(self, port: int, plan: Plan, drain_seconds: float) -> None:
        super().__init__(port)
        self._plan, self._drain = plan, drain_seconds
        self._begun = 0.0
        self._sent = self._answered = 0
        self._due: deque[float] = deque()
        self._idle: deque[Connection] = deque()

    def _begin(self, connections: Sequence[Connection]) -> None:
        self._idle = deque(connections)
        self._begun = time.perf_counter()
        self._tick()

    def _tick(self) -> None:
        now = time.perf_counter() - self._begun
        while self._sent < len(self._plan) and (at := self._plan.at(self._sent)) <= now:
            self._sent += 1
            self._due.append(self._begun + at)
        while self._due and self._idle:
            self._idle.popleft().send(self._due.popleft())
        self.samples.late = max(self.samples.late, len(self._due))
        if self._sent < len(self._plan):
            pause = self._begun + self._plan.at(self._sent) - time.perf_counter()
            asyncio.get_running_loop().call_later(max(pause, 0), self._tick)

    def _next(self, connection: Connection, now: float) -> None:
        self._answered += 1
        if self._answered == len(self._plan):
            self.samples.seconds = now - self._begun
            self._ended.set()
        elif self._due:
            connection.send(self._due.popleft())
        else:
            self._idle.append(connection)

    def _counts(self, _now: float) -> bool:
        return True

    def _limit(self) -> float:
        return self._plan.seconds + self._drain
