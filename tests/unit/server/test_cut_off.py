"""A request that is cancelled is answered by how far it had come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shared.server.cut_off import AnsweredWhenCutOff

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

START: Message = {"type": "http.response.start", "status": 200, "headers": []}


async def cut_off(method: str, *, reads: bool, answers: bool) -> list[Message]:
    """Cancel a request while the app waits, and give what the client was sent."""
    waits = asyncio.Event()
    sent: list[Message] = []

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        if reads:
            await receive()
        if answers:
            await send(START)
        waits.set()
        await asyncio.Event().wait()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"x-request-id", b"r1")]
    headers += [(b"content-length", b"2")] if method in {"POST", "PUT"} else []
    scope: Scope = {"type": "http", "method": method, "headers": headers}
    task = asyncio.ensure_future(AnsweredWhenCutOff(app)(scope, receive, send))
    await waits.wait()
    task.cancel()
    await task
    return sent


@pytest.mark.parametrize(
    ("method", "reads", "status"),
    [
        ("GET", True, 503),
        ("HEAD", True, 503),
        ("POST", True, 504),
        ("PUT", True, 504),
        ("DELETE", False, 504),
        ("POST", False, 503),
    ],
)
async def test_who_asks_is_told_whether_it_may_have_been_done(
    method: str, *, reads: bool, status: int
) -> None:
    start, _ = await cut_off(method, reads=reads, answers=False)

    assert start["status"] == status
    assert (b"x-request-id", b"r1") in start["headers"]
    assert (b"retry-after" in dict(start["headers"])) == (status == 503)


async def test_an_answer_that_was_begun_stays_unfinished() -> None:
    assert await cut_off("GET", reads=True, answers=True) == [START]
