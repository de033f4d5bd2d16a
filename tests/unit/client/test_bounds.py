"""Of a partner's answer no more is waited for and read than an answer needs."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from shared.client import guard
from shared.client.bounds import ANSWER_BYTES
from shared.client.client import FhirClient
from shared.client.guard import GuardedTransport
from shared.fhir.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.client.answer import Answer

JSON = b"Content-Type: application/fhir+json\r\n"


@asynccontextmanager
async def partner(answer: bytes, *, then_wait: bool = False) -> AsyncIterator[list[bytes]]:
    """A server that sends some bytes, whatever it is asked; gives its base and what it was sent."""
    asked: list[bytes] = []
    stays = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        if then_wait:
            await stays.wait()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    asked.append(f"http://127.0.0.1:{port}/fhir".encode())
    try:
        yield asked
    finally:
        stays.set()
        server.close()


async def answered(base: bytes) -> Answer:
    allowed = [ip_network("127.0.0.0/8")]
    async with FhirClient(base.decode(), attempts=1, transport=GuardedTransport(allowed)) as client:
        return await client.request("GET", "Patient/1")


def an_answer(head: bytes, body: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n" + head + b"\r\n" + body


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (an_answer(JSON, b'{"a":1}'), 200),
        (an_answer(b"Content-Type: application/json; charset=utf-8\r\n", b"{}"), 200),
        (an_answer(JSON, b"x" * ANSWER_BYTES), 200),
        (an_answer(b""), 200),
        (an_answer(b"Content-Length: 0\r\n", status=b"204 No Content"), 204),
        (an_answer(JSON, b"{}", status=b"422 Unprocessable Entity"), 422),
    ],
)
def test_a_short_answer_in_json_is_read(answer: bytes, status: int) -> None:
    async def ask() -> tuple[Answer, list[bytes]]:
        async with partner(answer) as asked:
            return await answered(asked[0]), asked

    found, [_, request] = asyncio.run(ask())
    assert (found.status, found.body) == (status, answer.partition(b"\r\n\r\n")[2])
    assert b"accept-encoding: identity" in request.lower()
    assert b"prefer: return=minimal" in request.lower()


@pytest.mark.parametrize(
    "answer",
    [
        an_answer(JSON, b"x" * (ANSWER_BYTES + 1)),
        an_answer(b"Content-Type: text/html\r\n", b"<html>Welcome</html>"),
        an_answer(b"", b"{}"),
        an_answer(b"Content-Type: text/html\r\n", b"<html/>", status=b"404 Not Found"),
        an_answer(JSON + b"Content-Encoding: gzip\r\n", gzip.compress(b" " * 1_000_000)),
    ],
)
def test_what_is_too_long_packed_or_no_json_is_no_answer(answer: bytes) -> None:
    async def ask() -> None:
        async with partner(answer) as asked:
            with pytest.raises(Unavailable):
                await answered(asked[0])

    asyncio.run(ask())


@pytest.mark.parametrize("answer", [b"", an_answer(JSON), an_answer(JSON, b'{"a":')])
def test_an_answer_that_does_not_end_in_time_is_none(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "ANSWER_SECONDS", 0.2)

    async def ask() -> None:
        async with partner(answer, then_wait=True) as asked:
            with pytest.raises(Unavailable):
                await answered(asked[0])

    asyncio.run(ask())


def test_a_redirect_is_an_answer_and_leads_nowhere() -> None:
    async def ask() -> tuple[Answer, list[bytes]]:
        async with partner(an_answer(JSON, b"{}")) as other:
            location = b"Location: " + other[0] + b"\r\n"
            async with partner(an_answer(location, status=b"307 Temporary Redirect")) as asked:
                return await answered(asked[0]), other

    found, other = asyncio.run(ask())
    assert found.status == 307
    assert len(other) == 1, "nobody else was asked"
