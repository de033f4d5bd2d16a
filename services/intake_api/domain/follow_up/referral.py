"""A referral to the programme: a requested Task whose focus asks for the programme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.stay import ends_inpatient_stay, last_day
from shared.care.automatic import Policy
from shared.care.episode import PROGRAMME
from shared.care.subject import patient_of
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "referral-plans-episode", "1.0", "Plans an episode of care for a referral to the programme"
)
# How a Task says that it waits for an answer, without and with a business status.
AWAITING: Final = frozenset({"requested", "received"})


def referral_in(task: JsonObject, bases: tuple[str, ...]) -> str | None:
    """Give the ServiceRequest here that a Task asks somebody to look at; None if it does not."""
    if task.get("status") not in AWAITING:
        return None
    return next(_local(task.get("focus", {}), "ServiceRequest", bases), None)


def asks_for_programme(request: JsonObject) -> bool:
    """Tell whether a ServiceRequest asks for the programme now."""
    codings = request.get("code", {}).get("coding", ())
    named = [{"system": each.get("system"), "code": each.get("code")} for each in codings]
    return request.get("status") == "active" and PROGRAMME in named


def is_by_the_person(request: JsonObject, bases: tuple[str, ...]) -> bool:
    """Tell whether whom a referral is about has asked for it."""
    person = patient_of(request, "subject", bases)
    return person is not None and patient_of(request, "requester", bases) == person


def background(request: JsonObject, bases: tuple[str, ...]) -> list[str]:
    """Name the Encounters and EpisodesOfCare here that a referral gives as its background."""
    named = [request.get("encounter", {})]
    named += [*request.get("reasonReference", ()), *request.get("supportingInfo", ())]
    types = ("Encounter", "EpisodeOfCare")
    return [found for each in named for kind in types for found in _local(each, kind, bases)]


def last_stay(stays: Mapping[str, JsonObject], zone: tzinfo) -> str | None:
    """Choose the inpatient stay that ended last; None where none has."""
    ended = {
        reference: day
        for reference, stay in stays.items()
        if stay["resourceType"] == "Encounter"
        and ends_inpatient_stay(stay)
        and (day := last_day(stay, zone))
    }
    return max(ended, key=lambda each: (ended[each], each)) if ended else None


def _local(reference: JsonObject, resource_type: str, bases: tuple[str, ...]) -> Iterator[str]:
    text = reference.get("reference")
    link = parse_reference(text, bases) if isinstance(text, str) else None
    if link is not None and link.kind == "local" and link.type == resource_type:
        yield f"{link.type}/{link.id}"
