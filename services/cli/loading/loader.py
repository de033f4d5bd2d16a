"""Sends the files in their order, several at once, and counts what became of every resource."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from services.cli.loading.parcels import Parcel, Piece, divided, parcels
from services.cli.loading.results import Result, results, whole
from services.cli.loading.tally import Tally, column_of
from shared.client.retry import NOT_ACTED_ON, pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from services.cli.loading.order import Order
    from shared.client import FhirClient

ROUNDS_MAX: Final = 5
# Refused lines are held to be tried again; those beyond this many are reported at once.
HELD_MAX: Final = 10_000


class Loader:
    """One load: what was stored and refused, and what is to be tried again."""

    def __init__(self, client: FhirClient, advance: Callable[[int], None]) -> None:
        """Take the server, and whom to tell how many more resources are settled."""
        self.tally = Tally()
        self._client = client
        self._advance = advance
        self._held: list[tuple[Piece, Result]] = []

    async def load(self, order: Order, *, parallel: int) -> None:
        """Send every file, layer after layer, then once more what may have come too early."""
        free = asyncio.Semaphore(parallel)
        for layer in order.layers:
            await asyncio.gather(*(self._send_file(file.path, free) for file in layer))
        await self._send_held()

    async def _send_file(self, path: Path, free: asyncio.Semaphore) -> None:
        async with free:
            remaining = parcels(path)
            while parcel := await asyncio.to_thread(_next, remaining):
                await self._send(parcel)

    async def _send_held(self) -> None:
        # A line may refer to a later one: while a round stores some, another may store more.
        before = 0
        while self._held and len(self._held) != before:
            before = len(self._held)
            pieces = [piece for piece, _ in self._held]
            self._held = []
            for parcel in divided(pieces):
                await self._send(parcel)
        for piece, result in self._held:
            self._settle(piece, result)

    async def _send(self, parcel: Parcel) -> None:
        told = await self._delivered(parcel)
        for piece, result in zip(parcel.pieces, told, strict=True):
            if parcel.divisible and _may_go_again(piece, result) and len(self._held) < HELD_MAX:
                self._held.append((piece, result))
            else:
                self._settle(piece, result)

    async def _delivered(self, parcel: Parcel) -> list[Result]:
        told = await self._answered(parcel)
        if parcel.divisible and all(map(_may_go_again, parcel.pieces, told)):
            # One line that is refused must not keep the others out.
            parcel = parcel.as_batch()
            told = await self._answered(parcel)
        for attempt in range(ROUNDS_MAX if parcel.type == "batch" else 0):
            again = [n for n, result in enumerate(told) if result.status in NOT_ACTED_ON]
            if not again:
                break
            await asyncio.sleep(pause(attempt))
            retold = await self._answered(parcel.as_batch(parcel.pieces[n] for n in again))
            for n, result in zip(again, retold, strict=True):
                told[n] = result
        return told

    async def _answered(self, parcel: Parcel) -> list[Result]:
        answer = await self._client.transaction(parcel.bundle(), repeatable=parcel.is_repeatable)
        sent = len(parcel.pieces)
        return results(answer, sent) if answer.is_success else whole(answer, sent)

    def _settle(self, piece: Piece, result: Result) -> None:
        self.tally.count(piece.resource_type, column_of(result.status))
        for reason in result.reasons:
            place = f"{piece.path.name}, {piece.place}" if result.is_own else piece.path.name
            self.tally.explain(f"{place}: {reason}")
        self._advance(1)


def _may_go_again(piece: Piece, result: Result) -> bool:
    """Tell whether a piece was refused, and would not be stored twice after all."""
    is_certain = 400 <= result.status < 500 or result.status in NOT_ACTED_ON
    return result.is_refused and (is_certain or piece.repeatable)


def _next(remaining: Iterator[Parcel]) -> Parcel | None:
    return next(remaining, None)
