"""The law about minors: nobody under age is admitted without a guardian and their consent.

The guardian is a RelatedPerson, and the consent an active Consent to treatment whose `performer`
they are. Who only may be under age, by a birth date that is not exact, is.
https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

import json
from datetime import MAXYEAR, UTC, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.consent import holds, permits
from shared.care.episode import is_admission
from shared.care.law import CareChange, Found, Law, Need
from shared.care.programme_plan import ids_of
from shared.care.subject import patient_of
from shared.fhir.dates import date_range, moment
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

_DATA: Final[dict[str, Any]] = json.loads(files(__package__).joinpath("minors.json").read_text())
POLICY: Final = f"{_DATA['name']}|{_DATA['version']}"
_AT: Final = "EpisodeOfCare.status"


def majority(patient: JsonObject) -> int:
    """Give the age of majority where a person lives: the highest of where they may."""
    states = [str(each.get("state", "")).upper() for each in patient.get("address", ())]
    known: Mapping[str, int] = _DATA["majorityByState"]
    ages = [known.get(each, _DATA["majority"]) for each in states]
    oldest: int = max(ages, default=_DATA["majority"])
    return oldest


def is_minor(patient: JsonObject, now: datetime) -> bool:
    """Tell whether a person may be under age; of whom no birth date is known, is not."""
    if "birthDate" not in patient:
        return False
    last = moment(date_range(patient["birthDate"])[1] - 1)
    passed = now.year - last.year - ((now.month, now.day) < (last.month, last.day))
    return passed < majority(patient)


def comes_of_age(patient: JsonObject, zone: tzinfo) -> datetime | None:
    """Tell when a person is no minor any more; None where no birth date is known."""
    if "birthDate" not in patient:
        return None
    last = moment(date_range(patient["birthDate"])[1] - 1)
    year = last.year + majority(patient)
    if year > MAXYEAR:
        return None
    # Who was born on a 29th of February is a year older on the day that follows the 28th.
    return datetime(year, last.month, 1, tzinfo=zone) + timedelta(days=last.day - 1)


def was_a_guardians(consent: JsonObject, patient: JsonObject, now: datetime) -> bool:
    """Tell whether only others consented, for a minor who is none any more."""
    zone = now.tzinfo or UTC
    grown = comes_of_age(patient, zone)
    told = consent.get("dateTime") or consent.get("meta", {}).get("lastUpdated")
    if grown is None or now < grown or told is None:
        return False
    by = [str(each.get("reference", "")) for each in consent.get("performer", ())]
    is_theirs = bool(by) and all("RelatedPerson/" in each for each in by)
    return is_theirs and moment(date_range(told, zone)[0]) < grown


def guardians(people: Iterable[JsonObject], now: datetime) -> list[str]:
    """Name who stands for a minor now."""
    return [
        each["id"]
        for each in people
        if each.get("active", True) and holds(each.get("period", {}), now)
        if any(_is_one_of(kind, _DATA["guardians"]) for kind in each.get("relationship", ()))
    ]


def consents_to_treatment(
    consent: JsonObject, by: Iterable[str], now: datetime, bases: tuple[str, ...]
) -> bool:
    """Tell whether a Consent to treatment is in force that one of some RelatedPersons gave."""
    who = set(ids_of(consent.get("performer", ()), "RelatedPerson", bases))
    return permits(consent, _DATA["scope"], now) and not who.isdisjoint(by)


def a_minor_has_a_guardian_who_consents(change: CareChange, found: Found) -> Iterator[Issue]:
    """Refuse to admit a minor, and name all that is missing."""
    if len(found) <= 1:
        return
    [_, people, consents] = found
    known = guardians(people, change.now)
    told = f"The person is a minor by {POLICY}, and there is no"
    if not known:
        yield Issue("error", "business-rule", f"{told} RelatedPerson who is a guardian.", _AT)
    if not any(consents_to_treatment(e, known, change.now, change.bases) for e in consents):
        yield Issue("error", "business-rule", f"{told} active Consent of a guardian to treat.", _AT)


def _person(change: CareChange) -> tuple[Need, ...]:
    patient_id = patient_of(change.after, "patient", change.bases)
    if patient_id is None or not is_admission(change):
        return ()
    return (Need("Patient", (("_id", patient_id),)),)


def _standing_for(change: CareChange, found: Found) -> tuple[Need, ...]:
    minors = [each["id"] for each in found[0] if is_minor(each, change.now)]
    return tuple(
        Need(resource_type, (("patient", f"Patient/{each}"),))
        for each in minors
        for resource_type in ("RelatedPerson", "Consent")
    )


def _is_one_of(concept: JsonObject, systems: Mapping[str, list[str]]) -> bool:
    codings = concept.get("coding", ())
    return any(each.get("code") in systems.get(each.get("system"), ()) for each in codings)


LAWS: Final = (Law("EpisodeOfCare", a_minor_has_a_guardian_who_consents, _person, _standing_for),)
