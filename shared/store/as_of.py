"""Finds what the record held about one person at an instant, for a decision that is replayed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.dates import instant
from shared.fhir.reader import read
from shared.store.finding import Found
from shared.store.history import History
from shared.store.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_MANY: Final = 100_000


async def as_of(
    reading: Reading, types: Iterable[str], patient_id: str, at: datetime
) -> list[Found]:
    """Find the versions of a person's resources that were current then, by their references."""
    access = reading.access
    if access.patients is not None and patient_id not in access.patients:
        return []
    about = replace(access, patients=frozenset({patient_id}))
    person = Reading(reading.connection, about, reading.paging_key, reading.stored)
    then = instant(at)
    history = History(tuple(types), count=_MANY, at=(then, then + 1))
    versions = [version for version, _ in await person.past(history, None)]
    found = [Found(each, read(each.body)) for each in versions if each.body is not None]
    return sorted(found, key=lambda each: each.reference)
