"""Whether the evidence of a decision that a clinician took was corrected since.

Only the versions that the trace cites are looked at, as they were and as they are now. That a
condition was overcome, or a stay came to its end, is no correction of what was decided before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.level_of_care.library import find
from services.intake_api.domain.level_of_care.valuation import valued

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
    from shared.fhir.reader import JsonObject

# A decision that comes from elsewhere may cite what is not here.
_VERSIONED: Final = re.compile(r"\w+/[^/]+/_history/[0-9]{1,9}")
_MISTAKEN: Final = frozenset({"entered-in-error", "cancelled"})
_DENIED: Final = frozenset({"entered-in-error", "refuted"})


def cited(guidance: JsonObject) -> list[str]:
    """Name the versions here that the values of a decision rest on, each once."""
    traces = (each for each in guidance.get("contained", ()) if each.get("id") == "trace")
    told = [each for trace in traces for each in trace.get("parameter", ())]
    parts = (part for e in told if e["name"] == "criterion" for part in e.get("part", ()))
    said = (part.get("valueReference", {}) for part in parts if part["name"] == "evidence")
    found = (str(each.get("reference")) for each in said)
    return list(dict.fromkeys(each for each in found if _VERSIONED.fullmatch(each)))


def has_other_values(
    guidance: JsonObject,
    before: list[Evidence],
    now: Mapping[str, JsonObject | None],
    moment: Moment,
) -> bool:
    """Tell whether a criterion has another value by the evidence as it is now, by reference."""
    criteria_set = find(guidance.get("moduleCanonical"))
    if criteria_set is None:
        return False
    after = [told for each in before if (told := _corrected(each, now)) is not None]
    return any(
        valued(each, before, moment).value != valued(each, after, moment).value
        for each in criteria_set.criteria
    )


def _corrected(piece: Evidence, now: Mapping[str, JsonObject | None]) -> Evidence | None:
    """Give a piece as it is now; None where nobody stands by it any more."""
    current = now[piece.reference]
    if current is None or current.get("status") in _MISTAKEN or _is_denied(current):
        return None
    is_observed = piece.content["resourceType"] == "Observation"
    return type(piece)(piece.versioned, current) if is_observed else piece


def _is_denied(resource: JsonObject) -> bool:
    verified = resource.get("verificationStatus", {}).get("coding", ())
    return any(each.get("code") in _DENIED for each in verified)
