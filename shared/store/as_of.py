"""Finds what the record held about one person at an instant, for a decision that is replayed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.dates import instant
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.reader import read
from shared.store.finding import Found, find
from shared.store.history import History
from shared.store.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from shared.fhir.reader import JsonObject
    from shared.store.version import Key

_MANY: Final = 100_000
# By the index of this condition: whoever was parted again is found by no link of now.
_REPLACED: Final = f"""
SELECT DISTINCT id FROM record.version
WHERE tenant = $1 AND type = {TYPE_CODE["Patient"]} AND body LIKE '%"replaced-by"%'
  AND updated <= $2 AND body LIKE $3
ORDER BY id
"""


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
    found += await _of_several(reading, history, patient_id, {each.key for each in found})
    return sorted(found, key=lambda each: each.reference)


async def replaced_until(reading: Reading, patient_id: str, at: datetime) -> list[str]:
    """Name the Patients of whom any version until an instant may have said who replaces them.

    Nothing else is told of them, and `as_of` tells what may be seen.
    """
    named = f"%Patient/{patient_id}%"
    rows = await reading.connection.fetch(_REPLACED, reading.access.tenant, at, named)
    return [row["id"] for row in rows]


async def _of_several(
    reading: Reading, history: History, patient_id: str, known: set[Key]
) -> list[Found]:
    """Find what named another Patient too, such as one who took part, and so is in no stream."""
    then = []
    # A Patient is in their own stream, whoever they name.
    for resource_type in set(history.types) - {"Patient"}:
        for now in await find(reading, resource_type, ("patient", f"Patient/{patient_id}")):
            if now.key not in known and _may_be_as_old(now, history):
                told = replace(history, types=(resource_type,), id=now.key.id, count=1)
                then += [version for version, _ in await reading.past(told, None)]
    found = [Found(each, read(each.body)) for each in then if each.body is not None]
    return [each for each in found if _is_about(each.content, f"Patient/{patient_id}")]


def _may_be_as_old(now: Found, history: History) -> bool:
    is_first = now.number == 1
    return history.at is not None and not (
        is_first and instant(now.version.updated) > history.at[0]
    )


def _is_about(content: JsonObject, patient: str) -> bool:
    return any(content.get(e, {}).get("reference") == patient for e in ("subject", "patient"))
