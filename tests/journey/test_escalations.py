"""An escalation ends with what it escalates, and comes back with it; who sees to it decides."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.care.canonical import POLICY, code_system
from tests.journey.answering import ITEM_9, response
from tests.journey.planning import Planned, until
from tests.services.person import MODERATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs
    from tests.services.person import Resource

DAY = timedelta(days=1)
PHYSICIAN = {"system": "http://terminology.hl7.org/CodeSystem/v2-0360", "code": "MD"}


class Late(Planned):
    """Somebody of whom something was not done in time."""

    def misses(self, code: str) -> Resource:
        """Let something be asked for, and its time pass."""
        # What is to be done on the same day is then not overdue by the next minute.
        if self.now().hour > 20:
            self.pass_time(timedelta(hours=4))
        days = 2
        if code in {"periodic-review", "certification"}:
            self.activate(self.apply())
            days = 61
        elif code == "suicide-screen":
            answers = response("phq-9", self.reference, self.now().isoformat(), {ITEM_9: 1})
            self.put(answers)
        elif code == "safety-evaluation":
            self.put(self.risk(MODERATE))
        elif code == "outreach":
            self.put(self._missed())
        else:
            self.put(self.clock(0))
        until(lambda: self.tasks(code))
        self.pass_time(days * DAY)
        [late] = self.tasks(code)
        assert late["businessStatus"]["text"] == "overdue"
        return late

    def tasks(self, code: str) -> list[Resource]:
        system = "clock" if code == "follow-up-7d" else "task"
        return self.all("Task", code=f"{code_system(system)}|{code}", status="requested")

    def escalation(self, late: Resource) -> Resource:
        """Find the one escalation of a Task, once all has followed."""
        self.pass_time()
        [found] = self.all("Task", part_of=f"Task/{late['id']}")
        return found

    def becomes(self, task: Resource, status: str) -> None:
        answer = self.write(self.read(task) | {"status": status}, self.physician())
        assert answer.is_success, answer.text

    def physician(self) -> str:
        held = [{"code": {"coding": [PHYSICIAN]}}]
        doctor = {"resourceType": "Practitioner", "id": f"d-{self.id}", "qualification": held}
        return f"Practitioner/{self.put(doctor)['id']}"

    def _missed(self) -> Resource:
        began = self.now() - timedelta(hours=1)
        return {
            "resourceType": "Appointment",
            "id": f"a-{uuid.uuid4()}",
            "status": "noshow",
            "start": began.isoformat(),
            "end": (began + timedelta(minutes=50)).isoformat(),
            "participant": [{"actor": self.reference, "status": "accepted"}],
        }


@pytest.fixture(scope="module")
def http(all_in_one: Programs) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=all_in_one.fhir, timeout=300, trust_env=False) as each:
        until(lambda: each.get("PlanDefinition/iop-adult").is_success)
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Iterator[Late]:
    person = Late(http)
    yield person
    assert person.episode is not None
    person.put(person.read(person.episode) | {"status": "cancelled"})


@pytest.mark.parametrize(
    "code",
    [
        "outreach",
        "suicide-screen",
        "safety-evaluation",
        "periodic-review",
        "certification",
        "follow-up-7d",
    ],
)
def test_an_escalation_ends_with_what_it_escalates_and_comes_back_with_it(
    person: Late, code: str
) -> None:
    late = person.misses(code)
    assert person.escalation(late)["status"] == "requested"

    person.becomes(late, "completed")
    ended = person.escalation(late)
    assert ended["status"] == "cancelled"
    assert reason(ended) == "done"
    said = [each for each in person.told_of(ended) if cites(each, late)]
    policies = {each["agent"][0]["who"]["identifier"]["value"] for each in said}
    assert policies == {"overdue-clock-escalates|1.1"}
    assert {each["agent"][0]["who"]["identifier"]["system"] for each in said} == {POLICY}

    person.becomes(late, "requested")
    again = person.escalation(late)
    assert (again["status"], "statusReason" in again) == ("requested", False)

    person.becomes(late, "cancelled")
    assert reason(person.escalation(late)) == "ended"


@pytest.mark.parametrize("decided", ["in-progress", "completed", "rejected"])
def test_who_sees_to_an_escalation_keeps_it(person: Late, decided: str) -> None:
    late = person.misses("safety-evaluation")
    person.put(person.escalation(late) | {"status": decided})

    person.becomes(late, "completed")
    assert person.escalation(late)["status"] == decided
    person.becomes(late, "requested")
    assert person.escalation(late)["status"] == decided


def test_an_escalation_that_a_person_has_cancelled_does_not_come_back(person: Late) -> None:
    late = person.misses("suicide-screen")
    person.put(person.escalation(late) | {"status": "cancelled"})

    person.becomes(late, "completed")
    person.becomes(late, "requested")
    assert person.escalation(late)["status"] == "cancelled"


def test_an_escalation_ends_with_a_task_that_was_a_mistake(person: Late) -> None:
    late = person.misses("outreach")
    person.becomes(late, "entered-in-error")

    assert reason(person.escalation(late)) == "ended"


def test_an_escalation_stands_while_what_it_escalates_is_under_way(person: Late) -> None:
    late = person.misses("outreach")
    person.becomes(late, "in-progress")

    assert person.escalation(late)["status"] == "requested"


def reason(task: Resource) -> str:
    [coding] = task["statusReason"]["coding"]
    assert coding["system"] == code_system("clock")
    return str(coding["code"])


def cites(said: Resource, task: Resource) -> bool:
    """Tell whether a Provenance rests on the end of a Task."""
    sources = [each["what"]["reference"] for each in said["entity"]]
    return f"Task/{task['id']}/_history/{int(task['meta']['versionId']) + 1}" in sources
