"""The hospital's discharge notification about a person, as its system sends it.

http://hl7.org/fhir/us/davinci-alerts/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.cli.story import cast
from services.synthetic.marks import IDENTIFIER_SYSTEM, META, uuid_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from services.cli.story.cast import Person
    from shared.fhir.reader import JsonObject

_EVENTS: Final = "http://hl7.org/fhir/us/davinci-alerts/CodeSystem/notification-event"
_ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_DISPOSITION: Final = "http://terminology.hl7.org/CodeSystem/discharge-disposition"


def discharge(person: Person, at: datetime, stay: timedelta) -> JsonObject:
    """Write the message of a discharge at a moment, after a stay."""
    key = person.resource["identifier"][0]["value"]
    patient, encounter, hospital, header = (
        f"urn:uuid:{uuid_of(f'{key}/{part}')}" for part in ("patient", "stay", "hospital", "header")
    )
    sender = {"reference": hospital, "display": cast.name_of(cast.HOSPITAL)}
    message = {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": _EVENTS, "code": "notification-discharge"},
        "source": {"name": "Synthetic hospital", "endpoint": "https://hospital.example/notices"},
        "sender": sender,
        "focus": [{"reference": encounter}],
    }
    spent = {
        "resourceType": "Encounter",
        "meta": META | {"lastUpdated": _instant(at)},
        "identifier": [{"system": IDENTIFIER_SYSTEM, "value": f"{key}-stay"}],
        "status": "finished",
        "class": {"system": _ACT_CODE, "code": "IMP"},
        "type": [{"text": "Inpatient psychiatric stay"}],
        "subject": {"reference": patient},
        "period": {"start": _instant(at - stay), "end": _instant(at)},
        "hospitalization": {
            "dischargeDisposition": {"coding": [{"system": _DISPOSITION, "code": "home"}]}
        },
        "serviceProvider": sender,
    }
    organization = {
        "resourceType": "Organization",
        "meta": META,
        "identifier": [{"system": IDENTIFIER_SYSTEM, "value": "demo-hospital"}],
        "active": True,
        "name": cast.name_of(cast.HOSPITAL),
    }
    told = {"resourceType": "Patient", "meta": META, **person.resource}
    parts = ((header, message), (encounter, spent), (patient, told), (hospital, organization))
    return {
        "resourceType": "Bundle",
        "meta": META,
        "type": "message",
        "timestamp": _instant(at),
        "entry": [_entry(url, resource) for url, resource in parts],
    }


def _entry(url: str, resource: JsonObject) -> JsonObject:
    return {"fullUrl": url, "resource": resource | {"id": url.removeprefix("urn:uuid:")}}


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
