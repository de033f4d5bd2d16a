"""Verifies that every version of a record is the one that was written, and that none is missing.

All of it sees one state of the record, beside whoever reads and writes. The head stands for every
stream up to a place of the feed: kept elsewhere, it shows whether the newest versions were removed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_NAME
from shared.store import verify_statements as statements
from shared.store.verdict import Named, Stream, last_link, verdict
from shared.store.verify_events import streams
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import asyncpg

    from shared.store.verify_events import Event

_NOWHERE: Final = (0, 0)


@dataclass(frozen=True, slots=True)
class Verified:
    """How much was looked at, what is wrong, and the head.

    `continues` tells whether the record still holds all that a kept head stands for.
    """

    versions: int
    streams: int
    findings: tuple[str, ...]
    head: str
    continues: bool = True


class _Head:
    """The last links of all streams, up to a place of the feed."""

    def __init__(self, place: tuple[int, int]) -> None:
        self._place = place
        self._hash = sha256()

    def add(self, stream: str, events: Sequence[Event]) -> None:
        links = [event.entry.link for event in events if event.place <= self._place]
        if links:
            self._hash.update(f"{stream}\n".encode() + (links[-1] or b""))

    def __str__(self) -> str:
        return f"{self._place[1]}-{self._hash.hexdigest()}"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is said of streams apart from their events, by their names."""

    lasts: Mapping[str, tuple[int, bytes]]
    missing: Mapping[str, list[Named]]
    unlogged: Mapping[str, list[Named]]
    not_shown: Mapping[str, list[Named]]
    not_audited: Mapping[str, list[Named]]

    def verdict(self, name: str, events: Sequence[Event] = ()) -> str | None:
        """Name the first version of a stream that is not as it was written."""
        missing, unlogged = self.missing.get(name, ()), self.unlogged.get(name, ())
        entries = [event.entry for event in events]
        told = verdict(Stream(name, entries, missing, unlogged, self.lasts.get(name)))
        if told is None and name in self.not_shown:
            return f"{self.not_shown[name][0]} is the newest, and another one is shown"
        if told is None and name in self.not_audited:
            return f"the audit's row of {self.not_audited[name][0]} is missing or altered"
        return told

    def names(self) -> set[str]:
        """Name the streams of which anything is said."""
        named = (self.missing, self.unlogged, self.not_shown, self.not_audited)
        return set(self.lasts).union(*named)


async def count(connection: asyncpg.Connection, tenant: int) -> int:
    """Count the versions that there are to look at."""
    found: int = await connection.fetchval(statements.COUNT, tenant)
    return found


async def verify(
    connection: asyncpg.Connection,
    tenant: int,
    kept_head: str | None,
    report: Callable[[int], None],
) -> Verified:
    """Walk every stream of a tenant, reporting how many versions were looked at."""
    findings: dict[str, str | None] = {}
    versions = 0
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        settled = await connection.fetchrow(statements.SETTLED, tenant)
        heads = [_Head(tuple(settled) if settled else _NOWHERE)]
        if kept_head is not None:
            heads.append(_Head(await _place(connection, tenant, kept_head)))
        kept = await _kept(connection, tenant)
        async for name, events in streams(connection, tenant):
            findings[name] = kept.verdict(name, events)
            for head in heads:
                head.add(name, events)
            versions += len(events)
            report(len(events))
    walked = len(findings)
    findings |= {name: kept.verdict(name) for name in kept.names() - findings.keys()}
    told = (finding for _, finding in sorted(findings.items()) if finding is not None)
    continues = kept_head is None or str(heads[-1]) == kept_head
    # What was moved from one stream to another may be missed in both.
    return Verified(versions, walked, tuple(dict.fromkeys(told)), str(heads[0]), continues)


async def _place(connection: asyncpg.Connection, tenant: int, head: str) -> tuple[int, int]:
    """Find the place of the feed that a kept head stands for, where its event still is."""
    position = int(head.partition("-")[0])
    found = await connection.fetchrow(statements.PLACE_OF, tenant, position)
    return tuple(found) if found else _NOWHERE


async def _kept(connection: asyncpg.Connection, tenant: int) -> _Kept:
    async def named(sql: str) -> Mapping[str, list[Named]]:
        found: dict[str, list[Named]] = defaultdict(list)
        for row in await connection.fetch(sql, tenant):
            key = Key(TYPE_NAME[row["type"]], row["id"])
            found[row["stream"] or str(key)].append(Named(key, row["version"]))
        return found

    lasts = await connection.fetch(statements.STREAMS, tenant)
    missing, audited = await named(statements.MISSING), await named(statements.AUDITED)
    return _Kept(
        {row["stream"]: (row["number"], last_link(row["base"], row["added"])) for row in lasts},
        {name: [*audited[name], *missing[name]] for name in {*missing, *audited}},
        await named(statements.UNLOGGED),
        await named(statements.NOT_SHOWN),
        await named(statements.NOT_AUDITED),
    )
