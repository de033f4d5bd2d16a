"""Reads how an episode went from its versions in the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.measures.course import Course, State
from shared.server.interactions.update import content_of

if TYPE_CHECKING:
    from datetime import datetime

    from shared.store.reading import Reading
    from shared.store.version import Key

_MANY: Final = 1000


async def course_of(key: Key, reading: Reading, at: datetime | None = None) -> Course:
    """Give the course of an episode, until an instant; a deletion counts as the end of it."""
    versions = await reading.history(key, before=None, limit=_MANY)
    return Course.of(
        [
            State(each.updated, (content_of(each) or {}).get("status", "deleted"), each.number)
            for each in reversed(versions)
            if at is None or each.updated <= at
        ]
    )
