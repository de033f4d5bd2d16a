"""A hospital that sends notices, and what is found of them in the record."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.care.canonical import code_system
from tests.notices import ACT_CODE, changed, identifier, notice
from tests.services.person import move_clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from tests.notices import Change, Resource

EFFECT_SECONDS = 60.0
KEPT = (
    *("Bundle", "Patient", "Encounter", "Organization", "Practitioner", "Location", "Condition"),
    *("Coverage", "ServiceRequest", "Task", "EpisodeOfCare", "Provenance"),
)


class Hospital:
    """A sender of notices, with a person of its own for each test."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.person = uuid.uuid4().hex

    def notice(
        self, event: str = "discharge", *, message: str | None = None, **changes: Change
    ) -> Resource:
        """A notice about the hospital's person, made now unless told otherwise."""
        made = changed(notice(event, person=self.person, message=message), **changes)
        if "timestamp" not in changes:
            made["timestamp"] = self.now().isoformat(timespec="milliseconds")
        return made

    def discharged(self, days_ago: int = 0) -> Resource:
        """A discharge so many days ago."""
        end = self.now() - timedelta(days=days_ago)
        start = end - timedelta(days=10)
        period = {"start": start.isoformat(), "end": end.isoformat()}
        return self.notice(Encounter={"period": period})

    def send(self, message: Resource) -> Resource:
        """Have a notice taken, and give the response message."""
        answer = self.http.post("$process-message", json=message)
        assert answer.status_code == 200, answer.text
        told: Resource = answer.json()
        return told

    @property
    def patient(self) -> str:
        """The reference of the person whom the record knows by the hospital's number."""
        return f"Patient/{self.patients()[0]['id']}"

    def patients(self) -> list[Resource]:
        number = identifier("mrn", self.person)
        return self.found("Patient", identifier=f"{number['system']}|{number['value']}")

    def stay(self) -> Resource:
        number = identifier("stay", self.person)
        [found] = self.found("Encounter", identifier=f"{number['system']}|{number['value']}")
        return found

    def tasks(self, code: str) -> list[Resource]:
        system = "clock" if code in {"follow-up-7d", "follow-up-30d"} else "task"
        return self.found("Task", patient=self.patient, code=f"{code_system(system)}|{code}")

    def of_person(self, resource_type: str) -> list[Resource]:
        return self.found(resource_type, patient=self.patient)

    def found(self, resource_type: str, **criteria: str) -> list[Resource]:
        """Search, whatever number of pages there is."""
        asked = {name.replace("_", "-"): value for name, value in criteria.items()}
        answer = self.http.get(resource_type, params={"_count": "1000"} | asked)
        assert answer.is_success, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    def put(self, written: Resource, actor: str | None = None) -> Resource:
        headers = {"X-Stepdown-Actor": actor} if actor else {}
        path = f"{written['resourceType']}/{written['id']}"
        answer = self.http.put(path, json=written, headers=headers)
        assert answer.is_success, answer.text
        told: Resource = answer.json()
        return told

    def read(self, found: Resource) -> Resource:
        answer = self.http.get(f"{found['resourceType']}/{found['id']}")
        assert answer.is_success, answer.text
        told: Resource = answer.json()
        return told

    def visit(self, day: datetime, **changes: object) -> Resource:
        """Have the person seen as an outpatient."""
        seen = {
            "resourceType": "Encounter",
            "id": f"v-{uuid.uuid4()}",
            "status": "finished",
            "class": {"system": ACT_CODE, "code": "AMB"},
            "subject": {"reference": self.patient},
            "period": {"start": day.isoformat(), "end": day.isoformat()},
        }
        return self.put(seen | changes)

    def now(self) -> datetime:
        """The record's time: that of a write."""
        note = {"resourceType": "Basic", "id": f"now-{uuid.uuid4()}", "code": {"text": "now"}}
        return datetime.fromisoformat(self.put(note)["meta"]["lastUpdated"])

    def pass_time(self, passed: timedelta = timedelta(seconds=30)) -> None:
        """Move the clock; what follows from earlier writes has happened when this returns."""
        move_clock(self.http, passed, self.now)


def everything(hospital: Hospital, types: Iterable[str] = KEPT) -> dict[str, Resource]:
    """All that there is, by reference, without what the server says of its own versions."""
    found = {}
    for resource_type in types:
        for each in hospital.found(resource_type):
            meta = {k: v for k, v in each["meta"].items() if k not in {"versionId", "lastUpdated"}}
            said = {name: value for name, value in each.items() if name != "recorded"}
            found[f"{resource_type}/{each['id']}"] = said | {"meta": meta}
    return found


def versions(hospital: Hospital) -> dict[str, str]:
    """The number of the version at which everything stands, once all that follows has happened."""
    hospital.pass_time()
    return {
        f"{resource_type}/{each['id']}": each["meta"]["versionId"]
        for resource_type in KEPT
        for each in hospital.found(resource_type)
    }


def wait_until(is_so: object) -> None:
    """Wait for an effect of a reaction."""
    assert callable(is_so)
    deadline = time.monotonic() + EFFECT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
