"""A person in the intensive outpatient programme, as tests of the journey need them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.care.canonical import CANONICAL, code_system
from tests.journey.decided import recommendation
from tests.services.person import Person

if TYPE_CHECKING:
    import httpx

    from tests.services.person import Resource

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


class Participant(Person):
    """One patient with an episode of the programme in some status."""

    def __init__(self, http: httpx.Client, status: str = "active") -> None:
        super().__init__(http, in_care=False)
        for name in ("phq-9", "gad-7"):
            self._publish(name)
        self.episode = self.put(
            {
                "resourceType": "EpisodeOfCare",
                "id": f"e-{uuid.uuid4()}",
                "status": status,
                "type": [{"coding": [{"system": code_system("programme"), "code": "iop"}]}],
                "patient": self.reference,
            }
        )

    def becomes(self, status: str) -> None:
        """Change the status of the episode."""
        self.episode = self.put(self.read(self.episode) | {"status": status})

    def is_admitted(self) -> None:
        """Decide on the level of care, and begin the programme."""
        self.put(recommendation(self.reference["reference"], self.now()))
        self.becomes("active")

    def leaves(self) -> None:
        """End the episode, so that later tests need not wait for the measures of this person."""
        self.becomes("cancelled")

    def measures(self, status: str | None = None, questionnaire: str = "phq-9") -> list[Resource]:
        """The Tasks that asked for a measure, the first window first."""
        tasks = self.found("Task", code=f"{code_system('task')}|measure")
        wanted = {"reference": f"Questionnaire/{questionnaire}"}
        asked = [each for each in tasks if each["focus"] == wanted]
        asked = [each for each in asked if status in {None, each["status"]}]
        return sorted(asked, key=lambda each: str(each["restriction"]["period"]["start"]))

    def answer(self, questionnaire: str = "phq-9", **changes: object) -> Resource:
        """Answer a questionnaire now."""
        return self.put(
            {
                "resourceType": "QuestionnaireResponse",
                "id": f"r-{uuid.uuid4()}",
                "questionnaire": f"{CANONICAL}/Questionnaire/{questionnaire}",
                "status": "completed",
                "subject": self.reference,
                "authored": self.now().isoformat(timespec="milliseconds"),
                **changes,
            }
        )

    def session(self, start: datetime, minutes: int = 60, status: str = "booked") -> Resource:
        """Book a session, or tell what became of it."""
        end = start + timedelta(minutes=minutes)
        return self.put(
            {
                "resourceType": "Appointment",
                "id": f"a-{uuid.uuid4()}",
                "status": status,
                "start": start.isoformat(),
                "end": end.isoformat(),
                "participant": [{"actor": self.reference, "status": "accepted"}],
            }
        )

    def attends(self, session: Resource, *, late: int = 0, **changes: object) -> Resource:
        """Come to a session, so many minutes late, and stay to its end."""
        start = datetime.fromisoformat(session["start"]) + timedelta(minutes=late)
        return self.put(
            {
                "resourceType": "Encounter",
                "id": f"v-{uuid.uuid4()}",
                "status": "finished",
                "class": {"system": ACT_CODE, "code": "AMB"},
                "subject": self.reference,
                "appointment": [{"reference": f"Appointment/{session['id']}"}],
                "period": {"start": start.isoformat(), "end": session["end"]},
                **changes,
            }
        )

    def _publish(self, name: str) -> None:
        """Put a questionnaire in place where the service has not."""
        if not self.http.get(f"Questionnaire/{name}").is_success:
            url = f"{CANONICAL}/Questionnaire/{name}"
            self.put({"resourceType": "Questionnaire", "id": name, "url": url, "status": "active"})
