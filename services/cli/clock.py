"""The record's clock before anything is served: it may start at an instant of one's choice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import asyncpg

from services.cli.console import Failure
from shared.access.access import DEFAULT_TENANT
from shared.feed.clock import start_at
from shared.fhir.errors import RuleViolation
from shared.fhir.search.reading import Reading
from shared.store.store import Store

if TYPE_CHECKING:
    from datetime import datetime

_SERVICE: Final = "intake"


def start_clock(url: str, instant: datetime) -> None:
    """Let the record's time begin at an instant.

    :raises Failure: when the record's time has passed it.
    """
    try:
        asyncio.run(_start(url, instant))
    except RuleViolation as error:
        raise Failure(str(error)) from error


def is_untouched(url: str) -> bool:
    """Tell whether nothing was ever written to a record."""
    return asyncio.run(_is_untouched(url))


async def _is_untouched(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM record.feed)")
    finally:
        await connection.close()


async def _start(url: str, instant: datetime) -> None:
    store = Store(url, _SERVICE, DEFAULT_TENANT, texts=Reading())
    await store.open()
    try:
        await start_at(store, instant)
    finally:
        await store.close()
