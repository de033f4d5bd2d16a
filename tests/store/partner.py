"""A partner's HTTP server in a few lines, which answers as it is told and keeps what it got."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Answer = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """Name the effect that the request carries."""
        return self.headers["x-request-id"]


@dataclass
class Partner:
    """What arrived, and how it is answered."""

    port: int = 0
    answer: Callable[[Asked], Answer] = lambda _: (201, {})
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Give the FHIR base."""
        return f"http://127.0.0.1:{self.port}/fhir"

    @property
    def keys(self) -> list[str]:
        """Name the requests in the order of their arrival."""
        return [asked.key for asked in self.asked]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Serve; the port stays the same from the second time on."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, path, headers, body)
        self.asked.append(asked)
        status, more = self.answer(asked)
        lines = [f"HTTP/1.1 {status} -", "Content-Length: 0", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in more.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
