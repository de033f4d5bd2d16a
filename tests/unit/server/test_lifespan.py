"""An app inside another one starts once and stops once."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette

from shared.server.lifespan import LifespanFailed, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send


def app_that_notes(notes: list[str], failing: str = "") -> Starlette:
    def note(phase: str) -> None:
        notes.append(phase)
        if phase == failing:
            raise RuntimeError(phase)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        note("start")
        yield
        note("stop")

    return Starlette(lifespan=lifespan)


async def test_an_app_is_started_before_and_stopped_after() -> None:
    notes: list[str] = []
    async with running(app_that_notes(notes)):
        notes.append("use")

    assert notes == ["start", "use", "stop"]


async def test_an_app_is_stopped_when_its_use_fails() -> None:
    notes: list[str] = []
    with pytest.raises(ZeroDivisionError):
        async with running(app_that_notes(notes)):
            raise ZeroDivisionError

    assert notes == ["start", "stop"]


async def test_an_app_that_cannot_start_is_not_used() -> None:
    notes: list[str] = []
    with pytest.raises(LifespanFailed, match="startup"):
        async with running(app_that_notes(notes, failing="start")):
            notes.append("use")

    assert notes == ["start"]


async def test_an_app_that_cannot_stop_is_told_of() -> None:
    with pytest.raises(LifespanFailed, match="shutdown"):
        async with running(app_that_notes([], failing="stop")):
            pass


async def test_an_app_that_knows_no_lifespan_is_not_used() -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        return

    with pytest.raises(LifespanFailed, match="without answering"):
        async with running(app):
            pass
