"""Records the calls of the write statement that the product makes, to run them without it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from services.ownership import DOOR_KEEPER
from shared.access.access import DEFAULT_TENANT, Access
from shared.fhir.reader import read
from shared.fhir.search.reading import Reading
from shared.store.statements import WRITE
from shared.store.store import Store
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import asyncpg

    from shared.store.transaction import Transaction
    from shared.store.version import Version

Call = tuple[str, list[Any]]


class _TakenBack(Exception):
    """Everything that was written is rolled back."""


class _Recorder:
    """A connection that remembers the calls of the write statement."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found = getattr(self._connection, name)
        return partial(self._told, found) if name in {"fetchrow", "fetchval"} else found

    async def _told(self, method: Callable[..., Any], sql: str, *args: Any) -> Any:  # noqa: ANN401
        if sql == WRITE:
            self.calls.append((sql, list(args)))
        return await method(sql, *args)


class _NegativeStore(Store):
    """A store whose new keys are below 0, so that they can be told from all others."""

    async def _take_pks(self, _: asyncpg.Connection, count: int) -> list[int]:
        return [-1 - nr for nr in range(count)]


async def recorded(url: str, batches: Sequence[Sequence[bytes]], *, cycle: bool) -> list[Call]:
    """Write each batch of resources, and take it back; give the calls that were made for it.

    With `cycle` a call that updates and one that deletes follow each that creates.
    """
    store = _NegativeStore(
        url, DOOR_KEEPER, DEFAULT_TENANT, texts=Reading(UTC, ()), keeps_door=True
    )
    calls: list[Call] = []
    for batch in batches:
        trees = [read(each) for each in batch]
        # Where the record has them already, they are written under other ids.
        named = [tree | {"id": f"-{tree['id']}"} for tree in trees] if cycle else trees
        calls += await _of_batch(store, named, cycle=cycle)
    await store.close()
    return calls


async def _of_batch(store: Store, trees: list[dict[str, Any]], *, cycle: bool) -> list[Call]:
    access = Access.system("bench", DEFAULT_TENANT)
    calls: list[Call] = []
    with suppress(_TakenBack):
        async with store.begin(access, "bench", door=True) as transaction:
            recorder = _Recorder(transaction.connection)
            transaction._connection = recorder  # noqa: SLF001
            calls = recorder.calls
            await _write(transaction, trees, cycle=cycle)
    return calls


async def _write(transaction: Transaction, trees: list[dict[str, Any]], *, cycle: bool) -> None:
    now = datetime.now(UTC)
    made = [Change(Key(tree["resourceType"], tree["id"]), "PUT", None, tree, now) for tree in trees]
    before = await transaction.write(made)
    if cycle:
        other = [replace(each, after={**(each.after or {}), "language": "en-US"}) for each in made]
        before = await transaction.write(_following(other, before))
        await transaction.write(_following([replace(each, after=None) for each in made], before))
    raise _TakenBack


def _following(changes: Sequence[Change], before: Sequence[Version]) -> list[Change]:
    return [replace(c, before=version) for c, version in zip(changes, before, strict=True)]
