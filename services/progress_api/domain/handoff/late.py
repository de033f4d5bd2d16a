"""What is told after a handoff of the time before it: a packet would have held it.

A fact goes by when it was so, what somebody asked for or planned by when they did, and what was
counted over a time by its end. What has no date is of no time, and so of before as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.facts import time_of
from shared.fhir.dates import date_range, instant

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

_MADE: Final = ("created", "authoredOn")
_BEGAN: Final = ("onsetDateTime", "onsetPeriod")
_COUNTED: Final = frozenset({"DiagnosticReport", "Observation"})


def is_of_before(resource: JsonObject, reading: Reading) -> bool:
    """Tell whether a resource tells of the time up to the handoff, which is `reading.now`."""
    told = [resource[name] for name in (*_MADE, *_BEGAN) if name in resource]
    if resource["resourceType"] in _COUNTED:
        told.append(resource.get("effectivePeriod", {}).get("end"))
    texts = (each.get("start") if isinstance(each, dict) else each for each in told)
    first = next((each for each in texts if each), None)
    low = date_range(first, reading.zone)[0] if first else time_of(resource, reading)[0]
    return low <= instant(reading.now)
