"""A person in the programme, and the clinician who plans their care, in a running Stepdown."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.care.canonical import CANONICAL, code_system
from shared.care.plan_signing import digest, signed_content
from tests.services.person import EFFECT_SECONDS, Person

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.services.person import Resource

_VALUES = {"planDefinition": "valueCanonical"}
PROGRAMME = {"coding": [{"system": code_system("programme"), "code": "iop"}]}


class Planned(Person):
    """One person in the programme, with what a clinician asks about them."""

    def __init__(self, http: httpx.Client, status: str | None = "active") -> None:
        super().__init__(http, in_care=False)
        self.clinician = f"Practitioner/c-{uuid.uuid4()}"
        logical_id = self.clinician.partition("/")[2]
        self.put({"resourceType": "Practitioner", "id": logical_id})
        self.episode: Resource | None = None
        if status is not None:
            self.episode = self.put(
                {
                    "resourceType": "EpisodeOfCare",
                    "id": f"e-{uuid.uuid4()}",
                    "status": status,
                    "type": [PROGRAMME],
                    "patient": self.reference,
                }
            )

    def ask(
        self, address: str, *, actor: str | None = "", method: str = "POST", **inputs: str
    ) -> httpx.Response:
        """Call an operation with text inputs, as the clinician unless told otherwise."""
        given = [{"name": name, _VALUES.get(name, "valueString"): v} for name, v in inputs.items()]
        body = {"resourceType": "Parameters"} | ({"parameter": given} if given else {})
        who = self.clinician if actor == "" else actor
        headers = {} if who is None else {"X-Stepdown-Actor": who}
        request = self.http.build_request(method, address, json=body)
        request.headers.pop("X-Stepdown-Actor", None)
        request.headers.update(headers)
        return self.http.send(request)

    def waits_for(self, session: Resource) -> None:
        """Let the time come at which a session begins."""
        ahead = datetime.fromisoformat(session["start"]) - self.now()
        self.pass_time(max(ahead, timedelta(minutes=1)))

    def apply(self, **inputs: str) -> Resource:
        """Have the template applied."""
        asked = {"subject": f"Patient/{self.id}"} | inputs
        answer = self.ask("PlanDefinition/iop-adult/$apply", **asked)
        assert answer.is_success, answer.text
        plan: Resource = answer.json()
        return plan

    def write(self, resource: Resource, actor: str | None = "") -> httpx.Response:
        """Write a resource as the clinician, or as somebody else."""
        path = f"{resource['resourceType']}/{resource['id']}"
        request = self.http.build_request("PUT", path, json=resource)
        request.headers.pop("X-Stepdown-Actor", None)
        who = self.clinician if actor == "" else actor
        if who is not None:
            request.headers["X-Stepdown-Actor"] = who
        return self.http.send(request)

    def sign(self, plan: Resource) -> None:
        """Sign a draft as it stands, as each of those who are asked to."""
        for task in until(lambda: self.to_sign(plan)):
            answer = self.write(task | {"status": "completed"}, task["owner"]["reference"])
            assert answer.is_success, answer.text

    def to_sign(self, plan: Resource) -> list[Resource]:
        """Find what asks to sign a plan with its orders as they stand now."""
        now = self.read(plan)
        named = {each["reference"]["reference"] for each in now.get("activity", ())}
        ordered = self.all("ServiceRequest")
        orders = [each for each in ordered if f"ServiceRequest/{each['id']}" in named]
        about = {"focus": f"CarePlan/{plan['id']}", "status": "requested", "code": "sign-off"}
        content = digest(now, orders)
        return [each for each in self.all("Task", **about) if signed_content(each) == content]

    def activate(self, plan: Resource) -> Resource:
        """Have a plan signed, and make it active."""
        self.sign(plan)
        answer = self.write(plan | {"status": "active"})
        assert answer.is_success, answer.text
        active: Resource = answer.json()
        return active

    def all(self, resource_type: str, **criteria: str) -> list[Resource]:
        """Search all pages of what there is of this person."""
        asked = {"patient": self.id, "_count": "1000"}
        asked |= {name.replace("_", "-"): value for name, value in criteria.items()}
        answer = self.http.get(resource_type, params=asked)
        assert answer.is_success, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    def everything(self) -> dict[str, list[Resource]]:
        """Find all that planning can write, once nothing is under way."""
        self.pass_time()
        types = ("CarePlan", "Goal", "CareTeam", "ServiceRequest", "Appointment")
        return {each: self.all(each) for each in types}


def until(happened: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Wait until something true is seen, and give it."""
    deadline = time.monotonic() + EFFECT_SECONDS
    while not (seen := happened()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return seen


def issue(answer: httpx.Response) -> str:
    """Read the one sentence of a refusal."""
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome", answer.text
    return str(outcome["issue"][0]["diagnostics"])


def activity(service: str) -> str:
    return f"{CANONICAL}/ActivityDefinition/{service}"


def parameters(answer: httpx.Response) -> dict[str, Any]:
    """Read Parameters into plain values; parts with the same name in order."""
    assert answer.is_success, answer.text
    read: dict[str, Any] = {}
    for each in answer.json()["parameter"]:
        read.setdefault(each["name"], []).append(each)
    return read
