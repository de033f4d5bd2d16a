"""One keep-alive connection of the load generator: raw HTTP/1.1, one request at a time."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Generator

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NO_BODY: Final = (204, 304)


class Request(NamedTuple):
    """What is sent, the name it is counted under, and for how many it counts."""

    label: str
    raw: bytes
    weight: int = 1


class Answer(NamedTuple):
    """What came back."""

    status: int
    head: bytes
    body: bytes


# Asks one request after the other, and learns from the answers.
Caller: TypeAlias = "Generator[Request, Answer, None]"


def request(method: str, path: str, body: bytes | None = None, headers: str = "") -> bytes:
    """Write an HTTP/1.1 request."""
    content = "" if body is None else "Content-Type: application/fhir+json\r\n"
    length = "" if body is None else f"Content-Length: {len(body)}\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{content}{length}{headers}\r\n"
    return head.encode() + (body or b"")


class Listener(Protocol):
    """Who is told what comes of a connection."""

    def answered(self, connection: Connection, answer: Answer, begun: float) -> None:
        """Hear an answer to the request that counts from `begun`."""

    def lost(self, error: BaseException | None) -> None:
        """Hear that a connection ended, or that an answer could not be understood."""


class Connection(asyncio.Protocol):
    """One keep-alive connection, with one request on its way at a time."""

    def __init__(self, listener: Listener, caller: Caller) -> None:
        self._listener = listener
        self._caller = caller
        self.asked = next(caller)
        self._transport: asyncio.Transport | None = None
        self._begun = 0.0
        self._buffer = bytearray()
        self._body_at = self._end = 0
        self._is_closing = False

    def send(self, begun: float) -> None:
        """Send the caller's next request, counted from `begun`."""
        self._begun = begun
        assert self._transport is not None
        self._transport.write(self.asked.raw)

    def learn(self, answer: Answer) -> None:
        """Let the caller decide what comes next."""
        self.asked = self._caller.send(answer)

    def close(self) -> None:
        """Hang up."""
        self._is_closing = True
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A transport of uvloop is none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._is_closing:
            self._listener.lost(exc)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        if not self._end and not self._measure():
            return
        if len(buffer) < self._end:
            return
        answer = Answer(
            int(buffer[9:12]), bytes(buffer[: self._body_at]), bytes(buffer[self._body_at :])
        )
        buffer.clear()
        self._end = 0
        try:
            self._listener.answered(self, answer, self._begun)
        except Exception as error:  # noqa: BLE001 - a protocol's exceptions would only be logged
            self._listener.lost(error)

    def _measure(self) -> bool:
        at = self._buffer.find(b"\r\n\r\n")
        if at < 0:
            return False
        self._body_at = at + 4
        found = _LENGTH.search(self._buffer, 0, at)
        if found is None and int(self._buffer[9:12]) not in _NO_BODY:
            raise ValueError("an answer does not tell its length")
        self._end = self._body_at + (int(found[1]) if found else 0)
        return True
