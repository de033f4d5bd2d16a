"""Tells whether a person is in care here, without which no reaction acts on them.

https://hl7.org/fhir/R4/episodeofcare.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shared.fhir.search.parse import parse

if TYPE_CHECKING:
    from shared.store.reading import Reading

_OPEN: Final = "planned,waitlist,active,onhold"
# A search needs the time only for dates, of which there are none here.
_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def has_open_episode(reading: Reading, patient_id: str) -> bool:
    """Tell whether a patient has an EpisodeOfCare that is neither ended nor a mistake."""
    asked = (("patient", f"Patient/{patient_id}"), ("status", _OPEN))
    query = parse("EpisodeOfCare", asked, zone=UTC, now=_ANY_TIME)
    return bool(await reading.matching(query))
