"""Looks ahead in the feed: the next events, and whether each may concern anybody.

A version never changes, so what it is about can be read before the transaction of its event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.feed.inbox import event_of
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Collection

    import asyncpg

    from shared.feed.reaction import Event, Reactions
    from shared.store.reading import Reading

BATCH: Final = 500
# A batch of longer contents could fill the memory; such an event is handled as if it concerned.
_LONGEST: Final = 100_000

# The fences (OFFSET 0) leave one index to look each row up by: a plan made before there was much
# to read would compare every event with every other.
READ: Final = """
SELECT f.xid, f.position, f.stream, f.number, f.type, f.id, f.version, EXISTS (
  SELECT FROM (
    SELECT p.xid FROM record.feed p
    WHERE p.tenant = f.tenant AND p.stream = f.stream AND p.number = f.number - 1 OFFSET 0
  ) p WHERE p.xid > f.xid
) AS early, CASE WHEN f.type = ANY($5) THEN (
  SELECT v.body FROM (
    SELECT r.pk FROM record.resource r
    WHERE r.tenant = f.tenant AND r.type = f.type AND r.id = f.id OFFSET 0
  ) r CROSS JOIN LATERAL (
    SELECT v.body FROM record.version v
    WHERE v.tenant = f.tenant AND v.pk = r.pk AND v.version = f.version OFFSET 0
  ) v WHERE octet_length(v.body) <= $6
) END AS body
FROM record.feed f
WHERE f.tenant = $1 AND (f.xid, f.position) > ($2, $3)
  AND f.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY f.xid, f.position LIMIT $4
"""


class Place(NamedTuple):
    """How far the feed was read."""

    xid: int
    position: int


class Coming(NamedTuple):
    """An event and its place; `early` if the one before it in its stream has not come yet."""

    event: Event
    place: Place
    early: bool
    concerns: bool


class Ahead:
    """What comes next for the reactions of one service."""

    def __init__(self, tenant: int, reactions: Reactions, bases: tuple[str, ...]) -> None:
        self._tenant = tenant
        self._bases = bases
        self._reactions = reactions
        self._choosy = [TYPE_CODE[name] for name in sorted(reactions.choosy_types)]

    async def look(self, reading: Reading, place: Place) -> list[Coming]:
        """Read the events that come after a place."""
        bounds = (*place, BATCH, self._choosy, _LONGEST)
        rows = await reading.connection.fetch(READ, self._tenant, *bounds)
        return await self._with_followed(reading, [self._coming(row) for row in rows])

    async def _with_followed(self, reading: Reading, found: list[Coming]) -> list[Coming]:
        """Let those concern too that are in a stream which a reaction follows."""
        for reaction in self._reactions.reactions:
            left = {e for e in found if not e.concerns and e.event.key.type in reaction.types}
            if reaction.followed and left:
                ids = await reaction.followed(reading, self._bases)
                streams = {f"Patient/{each}" for each in ids}
                found = [
                    e._replace(concerns=True) if e in left and _is_in(e.event, streams) else e
                    for e in found
                ]
        return found

    def _coming(self, row: asyncpg.Record) -> Coming:
        event, place = event_of(row), Place(row["xid"], row["position"])
        return Coming(event, place, row["early"], self._concerns(event, row["body"]))

    def _concerns(self, event: Event, body: str | None) -> bool:
        if body is None:
            return event.key.type in self._reactions.types
        try:
            return self._reactions.concerned_by(event.key.type, read(body.encode()))
        except Exception:  # noqa: BLE001 - the reaction meets it too, and parks its stream alone
            return True


def _is_in(event: Event, streams: Collection[str]) -> bool:
    # What is of several patients is in a stream of its own, and may be of any of them.
    return event.stream in streams or (bool(streams) and not event.stream.startswith("Patient/"))
