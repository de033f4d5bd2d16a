"""Whether a referral, by which a clinician has declined somebody, still stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.episode import is_programme
from shared.care.subject import patient_of

if TYPE_CHECKING:
    from collections.abc import Container

    from shared.fhir.reader import JsonObject

_REFERRALS: Final = ("ServiceRequest/", "Task/")


def signer(said: JsonObject) -> str | None:
    """Name the Practitioner who signed something."""
    named = (str(each["who"].get("reference", "")) for each in said["agent"])
    return next((each for each in named if each.startswith("Practitioner/")), None)


def is_declined(episode: JsonObject) -> bool:
    """Tell whether an episode of the programme never began."""
    return is_programme(episode) and episode.get("status") == "cancelled"


def referrals(said: JsonObject) -> list[str]:
    """Name the referrals that a decision rested on."""
    whats = (str(each["what"].get("reference", "")) for each in said.get("entity", ()))
    found = (each.partition("/_history/")[0] for each in whats if each.startswith(_REFERRALS))
    return list(dict.fromkeys(found))


def stands(referral: JsonObject | None, person: Container[str], bases: tuple[str, ...]) -> bool:
    """Tell whether a referral is one, and of nobody but a person, of all whose Patients it may be.

    A Task need not say whom it is for.
    """
    if referral is None or referral.get("status") == "entered-in-error":
        return False
    element = "for" if referral["resourceType"] == "Task" else "subject"
    return element not in referral or patient_of(referral, element, bases) in person
