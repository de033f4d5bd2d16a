"""A connection that is lost over a commit: whether it happened, nobody can tell."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import pytest

from shared.access.access import Access
from shared.client.retry import may_repeat
from shared.fhir.errors import OutcomeUnknown, Unavailable
from shared.fhir.search.reading import Reading
from shared.store.store import Store
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ACCESS = Access.system("test")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Wire:
    """Stands between a store and PostgreSQL, and is cut at a word of the store's."""

    def __init__(self, to: Path) -> None:
        self._to = to
        self.cut_after: bytes | None = None
        self.cut_before: bytes | None = None

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, asks = await asyncio.open_unix_connection(str(self._to))
        back = asyncio.create_task(self._copy(answers, writer))
        while told := await reader.read(65536):
            if self.cut_before and self.cut_before in told:
                break
            is_last = bool(self.cut_after and self.cut_after in told)
            if is_last:
                back.cancel()
                await asyncio.wait([back])
            asks.write(told)
            if is_last:
                await answers.read(1)
                break
        back.cancel()
        for each in (asks, writer):
            each.close()
            with contextlib.suppress(OSError):
                await each.wait_closed()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while told := await reader.read(65536):
            writer.write(told)


@pytest.fixture
async def wire(database_url: str, tmp_path: Path) -> AsyncIterator[Wire]:
    folder = dict(parse_qsl(urlsplit(database_url).query))["host"]
    wire = Wire(Path(folder) / ".s.PGSQL.5432")
    server = await asyncio.start_unix_server(wire.carry, str(tmp_path / ".s.PGSQL.5432"))
    yield wire
    server.close()


@pytest.fixture
async def store(wire: Wire, database_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    url = urlunsplit(urlsplit(database_url)._replace(query=f"host={tmp_path}"))
    opened = Store(url, "intake", 1, texts=Reading())
    await opened.open()
    yield opened
    await opened.close()


async def _write(store: Store, key: Key) -> None:
    async with store.begin(ACCESS, "test") as tx:
        content = {"resourceType": key.type, "id": key.id}
        await tx.write([Change(key, "PUT", None, content, NOW)])


async def _is_stored(store: Store, key: Key) -> bool:
    async with store.reading(ACCESS) as reading:
        return await reading.read(key) is not None


async def test_a_commit_without_an_answer_is_not_said_to_have_failed(
    store: Store, wire: Wire
) -> None:
    key = Key("Patient", "committed")
    wire.cut_after = b"COMMIT"
    with pytest.raises(OutcomeUnknown) as told:
        await _write(store, key)
    wire.cut_after = None

    assert await _is_stored(store, key)
    assert not may_repeat(told.value.status, idempotent=False)


async def test_what_was_lost_before_the_commit_may_be_sent_again(store: Store, wire: Wire) -> None:
    key = Key("Patient", "never-sent")
    wire.cut_before = b"record.version"
    with pytest.raises(Unavailable) as told:
        await _write(store, key)
    wire.cut_before = None

    assert not await _is_stored(store, key)
    assert may_repeat(told.value.status, idempotent=False)
