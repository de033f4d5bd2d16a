"""From where somebody comes to the programme: inpatient care, outpatient care, or neither.

A referral says so by a code of ours in `category`, else by what it names as its background: the
Encounter in which it was written, or in `supportingInfo` an Encounter or an EpisodeOfCare.
https://hl7.org/fhir/R4/servicerequest-definitions.html#ServiceRequest.supportingInfo
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from services.intake_api.domain.stay import is_classified, is_inpatient
from shared.care.canonical import code_system
from shared.care.episode import is_programme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject

Route = Literal["step-down", "step-up", "direct"]

SYSTEM: Final = code_system("route")
_TEXTS: Final[dict[Route, str]] = {
    "step-down": "From inpatient care",
    "step-up": "From outpatient care",
    "direct": "Directly",
}
_OUTPATIENT: Final = frozenset({"AMB", "VR", "HH"})
# What was planned or was a mistake is no care that came before.
_NOT_GIVEN: Final = frozenset({"planned", "waitlist", "cancelled", "entered-in-error"})


def route(request: JsonObject, background: Sequence[JsonObject]) -> Route:
    """Tell the route of a referral, given the Encounters and EpisodesOfCare that it names."""
    said = _said(request)
    if said is not None:
        return said
    given = [each for each in background if each.get("status") not in _NOT_GIVEN]
    if any(map(_is_stay, given)):
        return "step-down"
    return "step-up" if any(map(_is_outpatient, given)) else "direct"


def concept(of: Route) -> JsonObject:
    """Write a route as a type of an episode."""
    return {"coding": [{"system": SYSTEM, "code": of}], "text": _TEXTS[of]}


def _said(request: JsonObject) -> Route | None:
    codings = (each for kind in request.get("category", ()) for each in kind.get("coding", ()))
    codes = {each.get("code") for each in codings if each.get("system") == SYSTEM}
    return next((each for each in _TEXTS if each in codes), None)


def _is_stay(care: JsonObject) -> bool:
    return care["resourceType"] == "Encounter" and is_inpatient(care)


def _is_outpatient(care: JsonObject) -> bool:
    if care["resourceType"] == "EpisodeOfCare":
        return not is_programme(care)
    return is_classified(care) and care.get("class", {}).get("code") in _OUTPATIENT
