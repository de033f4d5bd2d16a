"""Tells whether a person is in care here, without which no reaction acts on them.

Whoever is merged with somebody in care is in care.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shared.feed.one_person import one_person
from shared.fhir.search.parse import parse

if TYPE_CHECKING:
    from shared.store.transaction import Transaction

_OPEN: Final = "planned,waitlist,active,onhold"
# A search needs the time only for dates, of which there are none here.
_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def has_open_episode(tx: Transaction, patient_id: str) -> bool:
    """Tell whether a patient has an EpisodeOfCare that is neither ended nor a mistake."""
    if await _is_open(tx, ("patient", f"Patient/{patient_id}")):
        return True
    person = await one_person(tx, patient_id)
    return len(person.ids) > 1 and await _is_open(tx, person.criterion)


async def _is_open(tx: Transaction, whose: tuple[str, str]) -> bool:
    query = parse("EpisodeOfCare", (whose, ("status", _OPEN)), zone=UTC, now=_ANY_TIME)
    return bool(await tx.matching(query))
