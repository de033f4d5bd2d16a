"""Finds the cohort that a person belongs to, or can join."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.plan_api.domain.cohort import Cohort, has_room, is_member
from shared.server.interactions.update import content_of
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Container

    from shared.feed.one_person import OnePerson
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading
    from shared.store.version import Version


async def cohort_of(
    reading: Reading, programme: str, person: OnePerson
) -> tuple[Cohort, JsonObject | None]:
    """Find the cohort of a person and its Group; the programme's first where they are in none."""
    first = cohort = Cohort(programme)
    begun: list[JsonObject] = []
    while (group := content_of(await _group(reading, cohort))) is not None:
        if is_member(group, person.names):
            return cohort, group
        begun.append(group)
        cohort = cohort.next
    return first, begun[0] if begun else None


async def open_cohort(
    reading: Reading, programme: str, *, first_only: bool
) -> tuple[Cohort, Version | None] | None:
    """Find the first cohort with room, begun or not, and its Group; None where one must wait."""
    cohort = Cohort(programme)
    while True:
        version = await _group(reading, cohort)
        if has_room(content_of(version)):
            return cohort, version
        if first_only:
            return None
        cohort = cohort.next


async def cohort_named(
    reading: Reading, programme: str, names: Container[str]
) -> tuple[Cohort, Version] | None:
    """Find a cohort with one of some names that has begun, and has room."""
    cohort = Cohort(programme)
    while (version := await _group(reading, cohort)) is not None:
        group = content_of(version)
        if cohort.name in names and group is not None and has_room(group):
            return cohort, version
        cohort = cohort.next
    return None


async def _group(reading: Reading, cohort: Cohort) -> Version | None:
    return await reading.read(Key("Group", cohort.id))
