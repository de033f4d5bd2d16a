"""Looks ahead in the feed: the next events, and whether each may concern anybody.

A version never changes, so what it is about can be read before the transaction of its event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.feed.inbox import event_of
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import asyncpg

    from shared.feed.reaction import Event, Reaction, Reactions
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
) END AS body, f.version = 1 OR (f.type = ANY($7) AND coalesce((
  SELECT v.patient = b.patient FROM (
    SELECT r.pk FROM record.resource r
    WHERE r.tenant = f.tenant AND r.type = f.type AND r.id = f.id OFFSET 0
  ) r CROSS JOIN LATERAL (
    SELECT v.patient FROM record.version v
    WHERE v.tenant = f.tenant AND v.pk = r.pk AND v.version = f.version OFFSET 0
  ) v CROSS JOIN LATERAL (
    SELECT b.patient FROM record.version b
    WHERE b.tenant = f.tenant AND b.pk = r.pk AND b.version = f.version - 1 OFFSET 0
  ) b
), false)) AS stays
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
    """An event and its place; `early` if the one before it in its stream has not come yet.

    It `stays` with a patient whose the version before was too, if there was one. `concerned` are
    the reactions that see it, if any does.
    """

    event: Event
    place: Place
    early: bool
    stays: bool
    concerned: tuple[Reaction, ...]


class Ahead:
    """What comes next for the reactions of one service."""

    def __init__(self, tenant: int, reactions: Reactions, bases: tuple[str, ...]) -> None:
        self._tenant = tenant
        self._bases = bases
        self._reactions = reactions
        self._choosy = [TYPE_CODE[name] for name in sorted(reactions.choosy_types)]
        self._by_person = [TYPE_CODE[name] for name in sorted(reactions.types_by_person)]

    async def look(self, reading: Reading, place: Place) -> list[Coming]:
        """Read the events that come after a place."""
        bounds = (*place, BATCH, self._choosy, _LONGEST, self._by_person)
        rows = await reading.connection.fetch(READ, self._tenant, *bounds)
        found = await self._with_followed(reading, [self._coming(row) for row in rows])
        return _spoken_for(found)

    async def _with_followed(self, reading: Reading, found: list[Coming]) -> list[Coming]:
        """Let what concerns nobody else concern those too that follow its stream."""
        alone = {each.event for each in found if not each.concerned}
        for reaction in self._reactions.reactions:
            left = {each for each in alone if each.key.type in reaction.types}
            if reaction.followed and left:
                ids = await reaction.followed(reading, self._bases)
                streams = {f"Patient/{each}" for each in ids}
                left = {each for each in left if _is_in(each, streams)}
                found = [_with(e, reaction) if e.event in left else e for e in found]
        return found

    def _coming(self, row: asyncpg.Record) -> Coming:
        event, place = event_of(row), Place(row["xid"], row["position"])
        concerned = self._concerned(event, row["body"])
        return Coming(event, place, row["early"], row["stays"], concerned)

    def _concerned(self, event: Event, body: str | None) -> tuple[Reaction, ...]:
        waiting = self._reactions.waiting_for(event.key.type)
        if body is None:
            return waiting
        try:
            return self._reactions.concerned_by(event, read(body.encode()))
        except Exception:  # noqa: BLE001 - the reaction meets it too, and parks its stream alone
            return waiting


def _with(coming: Coming, reaction: Reaction) -> Coming:
    return coming._replace(concerned=(*coming.concerned, reaction))


def _spoken_for(found: Sequence[Coming]) -> list[Coming]:
    """Leave to the last write about a patient what is decided by all that is known of them."""
    later: set[tuple[str, str]] = set()
    left: list[Coming] = []
    for each in reversed(found):
        stream = each.event.stream
        about = {e.name for e in each.concerned if each.event.key.type in e.by_person}
        # What is of several patients, or was of another one before, speaks for itself.
        may_wait = each.stays and stream.startswith("Patient/")
        waits = {name for name in about if may_wait and (stream, name) in later}
        left.append(
            each._replace(concerned=tuple(e for e in each.concerned if e.name not in waits))
        )
        later |= {(stream, name) for name in about}
    return left[::-1]


def _is_in(event: Event, streams: Collection[str]) -> bool:
    # What is of several patients is in a stream of its own, and may be of any of them.
    return event.stream in streams or (bool(streams) and not event.stream.startswith("Patient/"))
