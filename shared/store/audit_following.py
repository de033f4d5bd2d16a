"""Follows AuditEvents to what they tell of, and back, for searches of something else.

https://hl7.org/fhir/R4/search.html#has
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shared.fhir.errors import TooCostly
from shared.fhir.search.parameters import is_view
from shared.fhir.search.query import Chain, Has
from shared.store.audit_relations import (
    MOST_FOLLOWED,
    VIEW,
    asks_of_events,
    events_of,
    leading_to,
    shows_events,
    telling_of,
    with_ids,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.search.query import Criterion, Include, Query, Restriction
    from shared.store.audit import Audited
    from shared.store.audit_reading import AuditReading
    from shared.store.narrowing import Use
    from shared.store.search import Shown


async def with_events(reading: AuditReading, query: Query) -> Query:
    """Put in the ids of what the AuditEvents lead to that a search asks of.

    :raises NotSupported: where the audit may not be read.
    :raises TooCostly: when these are too many.
    """
    asked = [each for part in query.of_each_type for each in part.criteria]
    if not any(map(asks_of_events, asked)) and not shows_events(query.includes):
        return query
    await reading.refuse_without_audit()
    following = _Following(reading)
    parts = tuple([await following.part(each) for each in query.of_each_type])
    return replace(query, parts=parts) if query.parts else parts[0]


async def events_beside(
    reading: AuditReading, includes: Sequence[Include], beside: Sequence[Shown], count: int
) -> tuple[list[Audited], bool]:
    """Find the AuditEvents to be shown beside some resources, and tell whether there are more."""
    found: dict[int, Audited] = {}
    is_cut = False
    for each in includes:
        criterion = await _shown_by(reading, each, beside)
        if criterion is not None:
            use: Use = "revinclude" if each.is_reverse else "include"
            events, more = await reading.audit_beside(events_of(criterion, count), use)
            found |= {event.position: event for event in events}
            is_cut = is_cut or more
    return list(found.values()), is_cut


async def _shown_by(
    reading: AuditReading, include: Include, beside: Sequence[Shown]
) -> Criterion | None:
    """Ask for the AuditEvents that an include leads to, if there may be any."""
    if not is_view(include.source):
        return None
    if include.is_reverse:
        keys = [each.key for each in beside if each.key.type in include.targets]
        return telling_of(include, keys) if keys else None
    rows = [each.pk for each in beside if is_view(each.key.type)]
    if not rows or VIEW not in include.targets:
        return None
    return with_ids(VIEW, await reading.audit_events_told(rows))


@dataclass
class _Following:
    """What was found for one search, whose parts may ask the same."""

    reading: AuditReading
    told: list[tuple[Has, set[tuple[str, str]]]] = field(default_factory=list)

    async def part(self, query: Query) -> Query:
        found = [await self._restriction(query.type, each) for each in query.criteria]
        return replace(query, criteria=tuple(found))

    async def _restriction(self, resource_type: str, restriction: Restriction) -> Restriction:
        if not asks_of_events(restriction):
            return restriction
        if isinstance(restriction, Has):
            inner = await self._restriction(restriction.type, restriction.criterion)
            asked = replace(restriction, criterion=inner)
            return await self._has(resource_type, asked) if is_view(asked.type) else asked
        assert isinstance(restriction, Chain)  # noqa: S101 - nothing else leads anywhere
        targets = [
            (name, await self._restriction(name, each)) for name, each in restriction.targets
        ]
        chain = replace(restriction, targets=tuple(targets))
        # Only a chain that names it leads to an AuditEvent, and then to nothing else.
        return await self._to_events(chain) if is_view(targets[0][0]) else chain

    async def _has(self, resource_type: str, has: Has) -> Criterion:
        told = next((each for asked, each in self.told if asked == has), None)
        if told is None:
            told = await self.reading.audit_told(has)
            self.told.append((has, told))
        return with_ids(resource_type, sorted(each for name, each in told if name == resource_type))

    async def _to_events(self, chain: Chain) -> Criterion:
        [(_, restriction)] = chain.targets
        query = events_of(restriction, MOST_FOLLOWED)
        events, is_cut = await self.reading.audit_beside(query, "chain")
        if is_cut:
            raise TooCostly(
                f"A chain leads to at most {MOST_FOLLOWED:,} AuditEvents; ask for fewer, as by a "
                f"time: {chain.parameter.code}:AuditEvent.date=ge2026-03-01."
            )
        return leading_to(chain, [each.id for each in events])
