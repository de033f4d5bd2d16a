"""Starts and stops an ASGI app that runs inside another one.

https://asgi.readthedocs.io/en/latest/specs/lifespan.html
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LifespanFailed(Exception):
    """An app inside this program did not start or stop as it should."""


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncIterator[None]:
    """Start an app, and stop it at the end.

    :raises LifespanFailed: when it says that it could not.
    """
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    # In a task of its own: what an app opens at its start, it must close in the same task.
    task = asyncio.create_task(_run(app, scope, to_app.get, from_app.put))
    try:
        await _tell("startup", task, to_app, from_app)
        try:
            yield
        finally:
            await _tell("shutdown", task, to_app, from_app)
            await task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


async def _tell(
    phase: str,
    task: asyncio.Task[None],
    to_app: asyncio.Queue[Message],
    from_app: asyncio.Queue[Message],
) -> None:
    await to_app.put({"type": f"lifespan.{phase}"})
    answering = asyncio.create_task(from_app.get())
    await asyncio.wait([answering, task], return_when=asyncio.FIRST_COMPLETED)
    if not answering.done():
        answering.cancel()
        task.result()
        raise LifespanFailed(f"An app ended without answering to {phase}.")
    if answering.result()["type"] != f"lifespan.{phase}.complete":
        raise LifespanFailed(f"An app failed at its {phase}.") from _cause(task)


def _cause(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None
