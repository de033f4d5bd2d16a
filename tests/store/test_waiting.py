"""Waiting for PostgreSQL: what a start meets while the server fails is met once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from shared.fhir.errors import OutcomeUnknown, Unavailable
from shared.store.generation import StaleParameters
from shared.store.waiting import until_done, until_it_answers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PASSING = [
    ConnectionRefusedError(),
    asyncpg.CannotConnectNowError(),
    asyncpg.ConnectionDoesNotExistError(),
    asyncpg.InterfaceError("connection is closed"),
    Unavailable("away"),
    OutcomeUnknown("away over the commit"),
    StaleParameters("registered meanwhile"),
]


def failing(*errors: Exception) -> tuple[list[Exception], Callable[[], Awaitable[None]]]:
    """Give an act that meets each error in turn, and then succeeds; and what is still to come."""
    coming = list(errors)

    async def act() -> None:
        if coming:
            raise coming.pop(0)

    return coming, act


@pytest.mark.parametrize("error", PASSING, ids=lambda each: type(each).__name__)
async def test_what_passes_is_met_again_until_it_is_done(error: Exception) -> None:
    coming, act = failing(error, error)
    await until_done(act, 10)
    assert coming == []


async def test_a_server_that_stays_away_is_waited_for_no_longer_than_told() -> None:
    coming, act = failing(*[ConnectionRefusedError()] * 9)
    with pytest.raises(ConnectionRefusedError):
        await until_done(act, 0.2)
    assert coming


@pytest.mark.parametrize("error", [ValueError(), asyncpg.UndefinedTableError()])
async def test_what_never_passes_is_told_at_once(error: Exception) -> None:
    coming, act = failing(error, error)
    with pytest.raises(type(error)):
        await until_done(act, 10)
    assert coming == [error]


async def test_a_server_that_answers_is_not_waited_for(database_url: str) -> None:
    await until_it_answers(database_url, 0)


async def test_a_url_that_cannot_be_read_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="scheme"):
        await until_it_answers("nothing://host/name", 10)
