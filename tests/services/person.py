"""A person in a running Stepdown: what partners write about them, and what is found of them."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from shared.care.canonical import code_system

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

Resource = dict[str, Any]
# Generous, for a machine that is busy; what has come about is seen at once.
EFFECT_SECONDS = 60.0
CLOCK_TRIES = 5
HIGH, MODERATE, LOW = "LA9193-9", "LA6751-7", "LA9194-7"


def move_clock(http: httpx.Client, time_passed: timedelta, now: Callable[[], datetime]) -> None:
    """Move the clock, when all that has to happen before has happened.

    On a busy machine much has to: the clock stays where it is then, and asks to be asked again.
    """
    target = now() + time_passed
    for _ in range(CLOCK_TRIES):
        told = [{"name": "instant", "valueInstant": target.isoformat(timespec="milliseconds")}]
        answer = http.post("$clock", json={"resourceType": "Parameters", "parameter": told})
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        target = max(target, now() + timedelta(minutes=1))
    assert answer.is_success, answer.text


class Person:
    """One patient, with an open episode of care unless told otherwise."""

    def __init__(self, http: httpx.Client, *, in_care: bool = True) -> None:
        self.http = http
        self.id = f"p-{uuid.uuid4()}"
        self.put({"resourceType": "Patient", "id": self.id})
        if in_care:
            episode = {"resourceType": "EpisodeOfCare", "status": "active"}
            self.put(episode | {"id": f"e-{uuid.uuid4()}", "patient": self.reference})

    @property
    def reference(self) -> Resource:
        return {"reference": f"Patient/{self.id}"}

    def put(self, resource: Resource, base: str = "") -> Resource:
        """Write a resource, at the front door or at a service's own base."""
        path = f"{resource['resourceType']}/{resource['id']}"
        answer = self.http.put(f"{base}/{path}" if base else path, json=resource)
        assert answer.is_success, answer.text
        written: Resource = answer.json()
        return written

    def read(self, resource: Resource) -> Resource:
        answer = self.http.get(f"{resource['resourceType']}/{resource['id']}")
        assert answer.is_success, answer.text
        found: Resource = answer.json()
        return found

    def delete(self, resource: Resource) -> None:
        answer = self.http.delete(f"{resource['resourceType']}/{resource['id']}")
        assert answer.is_success, answer.text

    def told_of(self, resource: Resource) -> list[Resource]:
        """What Provenance says of a resource."""
        target = f"{resource['resourceType']}/{resource['id']}"
        answer = self.http.get("Provenance", params={"target": target})
        assert answer.is_success, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    def found(self, resource_type: str, **criteria: str) -> list[Resource]:
        """Search what there is of this person."""
        asked = {"patient": self.id} | {name.replace("_", "-"): v for name, v in criteria.items()}
        answer = self.http.get(resource_type, params=asked)
        assert answer.is_success, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    def comes(self, resource_type: str, **criteria: str) -> Resource:
        """Wait for the one resource that a reaction makes."""
        deadline = time.monotonic() + EFFECT_SECONDS
        while not (found := self.found(resource_type, **criteria)):
            assert time.monotonic() < deadline, f"no {resource_type} came"
            time.sleep(0.02)
        [resource] = found
        return resource

    def now(self) -> datetime:
        """The record's time: that of a write."""
        note = {"resourceType": "Basic", "id": f"now-{uuid.uuid4()}", "code": {"text": "now"}}
        return datetime.fromisoformat(self.put(note)["meta"]["lastUpdated"])

    def pass_time(self, time_passed: timedelta = timedelta(minutes=1)) -> None:
        """Move the clock; all that follows from what was written has happened when this returns."""
        move_clock(self.http, time_passed, self.now)

    def stay(self, status: str = "finished", code: str = "IMP", **changes: object) -> Resource:
        act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
        return {
            "resourceType": "Encounter",
            "id": f"stay-{self.id}",
            "status": status,
            "class": {"system": act_code, "code": code},
            "subject": self.reference,
            "period": {"start": "2026-02-10", "end": "2026-03-01"},
            **changes,
        }

    def risk(self, answer: str = HIGH, **changes: object) -> Resource:
        return {
            "resourceType": "Observation",
            "id": f"risk-{self.id}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "93374-7"}]},
            "subject": self.reference,
            "effectiveDateTime": "2026-03-05",
            "valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": answer}]},
            **changes,
        }

    def clock(self, days: int, **changes: object) -> Resource:
        """A clock whose last day is so many days after today."""
        last_day = (self.now() + timedelta(days=days)).date().isoformat()
        return {
            "resourceType": "Task",
            "id": f"clock-{self.id}",
            "status": "requested",
            "intent": "order",
            "code": {"coding": [{"system": code_system("clock"), "code": "follow-up-7d"}]},
            "for": self.reference,
            "restriction": {"period": {"end": last_day}},
            **changes,
        }
