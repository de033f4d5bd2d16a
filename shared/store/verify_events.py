"""Reads the events of a record stream by stream, each with the digest of what is stored now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.definitions import TYPE_NAME
from shared.store.chain import digest
from shared.store.verdict import Entry, Named
from shared.store.verify_statements import EVENTS
from shared.store.version import Key, Version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

_PAGE: Final = 1000


class Event(NamedTuple):
    """An event of a stream, and its place in the order of the feed."""

    stream: str
    place: tuple[int, int]
    entry: Entry


async def streams(
    connection: asyncpg.Connection, tenant: int
) -> AsyncIterator[tuple[str, list[Event]]]:
    """Yield each stream by its name, with its events in the order of their numbers."""
    gathered: list[Event] = []
    async for event in _events(connection, tenant):
        if gathered and gathered[0].stream != event.stream:
            yield gathered[0].stream, gathered
            gathered = []
        gathered.append(event)
    if gathered:
        yield gathered[0].stream, gathered


async def _events(connection: asyncpg.Connection, tenant: int) -> AsyncIterator[Event]:
    after: tuple[str, int, int] = ("", 0, 0)
    while rows := await connection.fetch(EVENTS, tenant, *after, _PAGE):
        for row in rows:
            # Without the body: a patient's stream may be long.
            yield Event(row["stream"], (row["xid"], row["position"]), _entry(row, tenant))
        after = (rows[-1]["stream"], rows[-1]["number"], rows[-1]["position"])


def _entry(row: asyncpg.Record, tenant: int) -> Entry:
    name = Named(Key(_type(row["type"]), row["id"]), row["version"])
    own = None if row["pk"] is None else digest(tenant, _stored(row), row["patient"], row["at"])
    return Entry(name, row["number"], own, row["link"], bool(row["is_beyond"]))


def _stored(row: asyncpg.Record) -> Version:
    body = None if row["body"] is None else row["body"].encode()
    return Version(
        Key(_type(row["stored_type"]), row["stored_id"]),
        row["pk"],
        row["stored_version"],
        row["updated"],
        row["deleted"],
        row["method"],
        body,
    )


def _type(code: int) -> str:
    # One that there is not was never written, and is named with the version that it stands in.
    return TYPE_NAME.get(code, f"(type {code})")
