"""What people write down in the story: judgements, visits, attempts to reach somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.cli.story import cast
from services.synthetic.marks import META
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from datetime import datetime

    from services.cli.story.cast import Person
    from shared.fhir.reader import JsonObject

_CRITERIA: Final = "level-of-care-criterion"


def judgement(person: Person, at: datetime, code: str, *, value: bool) -> JsonObject:
    """Write down whether a criterion holds, as only a clinician can judge."""
    return {
        "resourceType": "Observation",
        "meta": META,
        "status": "final",
        "code": {"coding": [{"system": code_system(_CRITERIA), "code": code}], "text": code},
        "subject": {"reference": person.reference},
        "effectiveDateTime": instant(at),
        "performer": [{"reference": cast.THERAPIST}],
        "valueBoolean": value,
    }


def visit(appointment: JsonObject) -> JsonObject:
    """Write the Encounter of a session that took place as it was booked."""
    actors = (each["actor"]["reference"] for each in appointment["participant"] if "actor" in each)
    patient = next(each for each in actors if each.startswith("Patient/"))
    visit: JsonObject = {
        "resourceType": "Encounter",
        "meta": META,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": patient},
        "period": {"start": appointment["start"], "end": appointment["end"]},
        "serviceProvider": {"reference": cast.PROGRAMME},
    }
    if "id" in appointment:
        visit["appointment"] = [{"reference": f"Appointment/{appointment['id']}"}]
    if "basedOn" in appointment:
        visit["basedOn"] = appointment["basedOn"]
    return visit


def attempt(person: Person, at: datetime, outcome: str) -> JsonObject:
    """Write down an attempt to reach somebody who did not come."""
    return {
        "resourceType": "Communication",
        "meta": META,
        "status": "completed",
        "statusReason": {"coding": [{"system": code_system("outreach"), "code": outcome}]},
        "subject": {"reference": person.reference},
        "sent": instant(at),
        "sender": {"reference": cast.THERAPIST},
    }


def instant(moment: datetime) -> str:
    """Write a moment."""
    return moment.isoformat(timespec="milliseconds")
