"""What was last stated of a person's suicide risk, by whatever clock it was written down.

https://loinc.org/93374-7
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.dates import MIN_TIME, date_range

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

# What a search for Observations of it asks.
CRITERIA: Final = (("code", "http://loinc.org|93374-7"), ("status", "final,amended,corrected"))
_LOINC: Final = "http://loinc.org"


def last_answer(observations: Iterable[JsonObject], zone: tzinfo) -> str | None:
    """Give the code of the answer of the last of some Observations; None where there is none."""
    last = max(observations, key=lambda each: _when(each, zone), default=None)
    codings = last.get("valueCodeableConcept", {}).get("coding", ()) if last else ()
    # Others may name the same answer in other words, before or after.
    in_order = sorted(codings, key=lambda each: each.get("system") != _LOINC)
    return next((str(each["code"]) for each in in_order if "code" in each), None)


def _when(observation: JsonObject, zone: tzinfo) -> tuple[int, str]:
    period = observation.get("effectivePeriod", {})
    texts = (
        observation.get("effectiveDateTime"),
        observation.get("effectiveInstant"),
        period.get("end", period.get("start")),
        observation.get("issued"),
    )
    told = next(filter(None, texts), None)
    at = date_range(told, zone)[0] if told else MIN_TIME
    return at, str(observation.get("meta", {}).get("lastUpdated", ""))
