"""Sends a request exactly as it is written, which a client library would tidy up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import h11
import httpx

if TYPE_CHECKING:
    from tests.programs import Programs

_PIECE = 65_536


async def send(
    programs: Programs,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> httpx.Response:
    """Send one request on a connection of its own; without a length of its own it gets one."""
    parts = urlsplit(programs.fhir)
    told = {"Host": parts.netloc, "Connection": "close", "Content-Length": str(len(body))}
    told |= headers or {}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return await exchange(
        programs, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body
    )


async def exchange(programs: Programs, request: bytes, *, seconds: float = 30) -> httpx.Response:
    """Send bytes and read one answer."""
    parts = urlsplit(programs.fhir)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(request)
        return await asyncio.wait_for(_answer(reader, is_head=request[:4] == b"HEAD"), seconds)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, *, is_head: bool) -> httpx.Response:
    parser = h11.Connection(h11.CLIENT)
    parser.send(
        h11.Request(method="HEAD" if is_head else "GET", target="/", headers=[("Host", "x")])
    )
    parser.send(h11.EndOfMessage())
    status, headers, body = 0, list[tuple[bytes, bytes]](), b""
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            parser.receive_data(await reader.read(_PIECE))
        elif isinstance(event, h11.Response):
            status, headers = event.status_code, list(event.headers)
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return httpx.Response(status, headers=headers, content=body)
