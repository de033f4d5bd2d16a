"""Notices as a hospital sends them: message Bundles about one stay, with what a test changes."""

from __future__ import annotations

import copy
from typing import Any

Resource = dict[str, Any]
Change = Resource | str | None

EVENTS = "http://hl7.org/fhir/us/davinci-alerts/CodeSystem/notification-event"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ENDPOINT = "https://hospital.example/fhir"
HEADER, STAY, PATIENT, HOSPITAL, DOCTOR, ILLNESS, COVER = (
    f"urn:uuid:00000000-0000-4000-8000-00000000000{i}" for i in range(1, 8)
)


def identifier(kind: str, value: str) -> Resource:
    return {"system": f"https://hospital.example/{kind}", "value": value}


def notice(
    event: str = "discharge", *, person: str = "1", message: str | None = None, **changes: Change
) -> Resource:
    """A whole notice about a person's stay; `changes` are made to its resources, by their type.

    A discharge is finished, an admission or a transfer goes on.
    """
    is_over = event == "discharge"
    header = {
        "resourceType": "MessageHeader",
        "id": message or f"{event}-{person}",
        "eventCoding": {"system": EVENTS, "code": f"notification-{event}"},
        "source": {"name": "Hospital", "endpoint": ENDPOINT},
        "sender": {"reference": HOSPITAL},
        "focus": [{"reference": STAY}],
    }
    end = {"end": "2026-03-02T15:00:00Z"} if is_over else {}
    stay = {
        "resourceType": "Encounter",
        "id": "stay",
        "identifier": [identifier("stay", person)],
        "status": "finished" if is_over else "in-progress",
        "class": {"system": ACT_CODE, "code": "IMP"},
        "subject": {"reference": PATIENT},
        "participant": [{"individual": {"reference": DOCTOR}}],
        "period": {"start": "2026-02-20T08:00:00Z"} | end,
        "serviceProvider": {"reference": HOSPITAL},
    }
    hours = {"admit": "09", "transfer": "12", "discharge": "16"}
    bundle = {
        "resourceType": "Bundle",
        "type": "message",
        "timestamp": f"2026-03-02T{hours[event]}:00:00Z",
        "entry": [
            {"fullUrl": HEADER, "resource": header},
            {"fullUrl": STAY, "resource": stay},
            {"fullUrl": PATIENT, "resource": patient(person)},
            *_others(person),
        ],
    }
    return changed(bundle, **changes)


def patient(person: str = "1") -> Resource:
    return {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [identifier("mrn", person)],
        "name": [{"family": "Testperson", "given": ["Ada"]}],
        "birthDate": "1980-05-04",
    }


def _others(person: str) -> list[Resource]:
    return [
        {
            "fullUrl": HOSPITAL,
            "resource": {
                "resourceType": "Organization",
                "id": "hospital",
                "identifier": [identifier("npi", "hospital")],
                "name": "Hospital",
            },
        },
        {
            "fullUrl": DOCTOR,
            "resource": {
                "resourceType": "Practitioner",
                "id": "doctor",
                "identifier": [identifier("npi", "doctor")],
            },
        },
        {
            "fullUrl": ILLNESS,
            "resource": {
                "resourceType": "Condition",
                "id": f"illness-{person}",
                "subject": {"reference": PATIENT},
                "encounter": {"reference": STAY},
                "code": {"text": "Depression"},
            },
        },
        {
            "fullUrl": COVER,
            "resource": {
                "resourceType": "Coverage",
                "id": f"cover-{person}",
                "status": "active",
                "beneficiary": {"reference": PATIENT},
                "payor": [{"reference": HOSPITAL}],
            },
        },
    ]


def changed(bundle: Resource, **changes: Change) -> Resource:
    """Change a notice: its own elements, or those of a resource by its type; None removes."""
    result = copy.deepcopy(bundle)
    for name, change in changes.items():
        holders = [entry["resource"] for entry in result["entry"]]
        for holder in (each for each in holders if each["resourceType"] == name):
            if isinstance(change, dict):
                _set(holder, change)
        if name in {"type", "timestamp"}:
            _set(result, {name: change})
    return result


def resource(bundle: Resource, resource_type: str) -> Resource:
    """The one resource of a type that a notice carries."""
    [found] = [
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == resource_type
    ]
    told: Resource = found
    return told


def _set(holder: Resource, change: Resource) -> None:
    for name, value in change.items():
        holder.pop(name, None)
        if value is not None:
            holder[name] = value
