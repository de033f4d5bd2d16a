"""A programme that takes so many people, and those who wait for a decision on it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from shared.care.canonical import code_system, profile
from tests.journey.candidate import PROGRAMME, Candidate

if TYPE_CHECKING:
    import httpx

    from tests.services.person import Resource

TRACK = code_system("preference")


class Programme:
    """A programme of its own, with places as a whole or by track."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.id = f"org-{uuid.uuid4()}"
        told = {"resourceType": "Organization", "id": self.id, "name": "Synthetic Programme"}
        http.put(f"Organization/{self.id}", json=told).raise_for_status()

    @property
    def reference(self) -> Resource:
        return {"reference": f"Organization/{self.id}"}

    def takes(self, people: int, track: str | None = None) -> Resource:
        service: Resource = {
            "resourceType": "HealthcareService",
            "id": f"hs-{track or 'all'}-{self.id}"[:60],
            "extension": [{"url": profile("capacity"), "valuePositiveInt": people}],
            "active": True,
            "providedBy": self.reference,
            "type": [PROGRAMME],
        }
        if track:
            service["characteristic"] = [{"coding": [{"system": TRACK, "code": track}]}]
        answer = self.http.put(f"HealthcareService/{service['id']}", json=service)
        assert answer.is_success, answer.text
        return service

    def candidate(self) -> Candidate:
        """Somebody who is recommended, and waits for a decision."""
        person = Candidate(self.http)
        person.judge_all()
        person.level_of_care()
        told = person.episode | {"managingOrganization": self.reference}
        person.episode = person.put(told)
        return person
