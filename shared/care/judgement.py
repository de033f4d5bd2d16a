"""The law about judgements: an Observation of a criterion names one that there is, and its value.

What is spelled otherwise would be looked for by nobody, and an exclusion that was stated is lost.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import code_system
from shared.care.law import CareChange, Law
from shared.fhir.errors import Issue
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.law import Found
    from shared.fhir.reader import JsonObject

SYSTEM: Final = code_system("level-of-care-criterion")
_DATA: Final[dict[str, Any]] = read((files(__package__) / "criteria.json").read_bytes())
CRITERIA: Final[tuple[str, ...]] = tuple(_DATA["criteria"])
_STATED: Final = frozenset({"final", "amended", "corrected"})


def a_judgement_can_be_read(change: CareChange, _: Found) -> Iterator[Issue]:
    """Refuse a judgement of no known criterion, or whose value is neither true, false nor open."""
    observation = change.after
    codes = _codes(observation)
    if not codes or observation.get("status") not in _STATED:
        return
    if not codes & set(CRITERIA):
        told = f"There is no such criterion; there are {', '.join(CRITERIA)}."
        yield Issue("error", "code-invalid", told, "Observation.code")
    if "valueBoolean" not in observation and "dataAbsentReason" not in observation:
        told = "A criterion is judged by valueBoolean, or has a dataAbsentReason."
        yield Issue("error", "business-rule", told, "Observation.value")


def _codes(observation: JsonObject) -> set[str]:
    codings = observation["code"].get("coding", ())
    return {each.get("code", "") for each in codings if each.get("system") == SYSTEM}


LAWS: Final = (Law("Observation", a_judgement_can_be_read),)
