"""A person who was referred to the programme and waits for a clinician's decision."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from services.intake_api.domain.level_of_care.library import DEFAULT
from services.intake_api.domain.level_of_care.valuation import CRITERION
from shared.care.canonical import code_system
from tests.services.person import Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from tests.services.person import Resource

CLINICIAN = "Practitioner/clinician"
PROGRAMME = {"coding": [{"system": code_system("programme"), "code": "iop"}]}
# A text, or a value that names its type, as `{"valueCode": …}`.
Input = str | dict[str, Any]
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def value(parameter: Resource) -> Any:  # noqa: ANN401
    if "part" in parameter:
        return {each["name"]: value(each) for each in parameter["part"]}
    [found] = [each for name, each in parameter.items() if name.startswith("value")]
    return found


def parameters(guidance: Resource, name: str) -> list[Any]:
    """The values, or the parts by name, of the parameters of a name in a decision's trace."""
    [trace] = guidance["contained"]
    assert guidance["outputParameters"] == {"reference": f"#{trace['id']}"}
    return [value(each) for each in trace["parameter"] if each["name"] == name]


def outcome(guidance: Resource) -> str:
    [found] = parameters(guidance, "outcome")
    return str(found)


def diagnostics(answer: httpx.Response) -> str:
    told = answer.json()
    assert told["resourceType"] == "OperationOutcome"
    return " ".join(issue["diagnostics"] for issue in told["issue"])


class Candidate(Person):
    """One patient with a referral, its Task, and an episode in some status."""

    def __init__(self, http: httpx.Client, status: str = "planned") -> None:
        super().__init__(http, in_care=False)
        self.put({"resourceType": "Practitioner", "id": "clinician"})
        self.referral = self.put(
            {
                "resourceType": "ServiceRequest",
                "id": f"sr-{self.id}",
                "status": "active",
                "intent": "order",
                "code": PROGRAMME,
                "subject": self.reference,
            }
        )
        # Before the Task, which would have another one planned.
        self.episode = self.put(
            {
                "resourceType": "EpisodeOfCare",
                "id": f"e-{self.id}",
                "status": status,
                "statusHistory": [{"status": status, "period": {"start": "2026-03-01"}}],
                "type": [PROGRAMME],
                "patient": self.reference,
                "referralRequest": [{"reference": f"ServiceRequest/sr-{self.id}"}],
            }
        )
        self.task = self.put(
            {
                "resourceType": "Task",
                "id": f"t-{self.id}",
                "status": "requested",
                "intent": "order",
                "code": {"coding": [{"system": code_system("task"), "code": "referral"}]},
                "focus": {"reference": f"ServiceRequest/sr-{self.id}"},
                "for": self.reference,
            }
        )

    def judge(
        self, criterion: str, *, value: bool | None, by: str = CLINICIAN, at: str | None = None
    ) -> Resource:
        """State a criterion's value, as of now; None is that it is not known."""
        now = at or self.now().isoformat(timespec="milliseconds")
        return self.put(self._judgement(criterion, value=value, by=by, at=now))

    def _judgement(self, criterion: str, *, value: bool | None, by: str, at: str) -> Resource:
        told: Resource = {"valueBoolean": value}
        if value is None:
            absent = {"coding": [{"system": ABSENT, "code": "unknown"}]}
            told = {"dataAbsentReason": absent}
        return {
            "resourceType": "Observation",
            "id": f"{criterion}-{uuid.uuid4().hex[:8]}",
            "status": "final",
            "code": {"coding": [{"system": CRITERION, "code": criterion}]},
            "subject": self.reference,
            "effectiveDateTime": at,
            "performer": [{"reference": by}],
            **told,
        }

    def judge_all(self, **changes: bool | None) -> dict[str, Resource]:
        """State every criterion such that the programme is recommended, but for some changes."""
        values: dict[str, bool | None] = {
            each.id: each.kind != "exclusion" for each in DEFAULT.criteria
        }
        values |= {name.replace("_", "-"): value for name, value in changes.items()}
        at = self.now().isoformat(timespec="milliseconds")
        told = {
            name: self._judgement(name, value=value, by=CLINICIAN, at=at)
            for name, value in values.items()
        }
        self._put_all(list(told.values()))
        return told

    def _put_all(self, resources: list[Resource]) -> None:
        entries = [
            {"resource": each, "request": {"method": "PUT", "url": f"Observation/{each['id']}"}}
            for each in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = self.http.post("", json=bundle)
        assert answer.is_success, answer.text

    def level_of_care(self) -> Resource:
        """Ask which level of care is needed."""
        answer = self.ask(f"Patient/{self.id}/$level-of-care")
        assert answer.is_success, answer.text
        found: Resource = answer.json()
        return found

    def admit(self, **inputs: Input) -> httpx.Response:
        return self.ask(f"EpisodeOfCare/{self.episode['id']}/$admit", inputs)

    def decline(self, **inputs: Input) -> httpx.Response:
        return self.ask(f"EpisodeOfCare/{self.episode['id']}/$decline", inputs)

    def ask(
        self, path: str, inputs: Mapping[str, Input] | None = None, actor: str | None = CLINICIAN
    ) -> httpx.Response:
        """Call an operation as somebody, or as nobody."""
        given = [
            {"name": name, **(value if isinstance(value, dict) else {"valueString": value})}
            for name, value in (inputs or {}).items()
        ]
        headers = {} if actor is None else {"X-Stepdown-Actor": actor}
        body = {"resourceType": "Parameters", "parameter": given}
        if not given:
            del body["parameter"]
        return self.http.post(path, json=body, headers=headers)

    def everything(self) -> dict[str, list[Resource]]:
        """All that an operation could write about this person, once nothing is under way."""
        self.pass_time()
        types = ("EpisodeOfCare", "ServiceRequest", "Task", "GuidanceResponse", "Provenance")
        return {name: self.found(name) for name in types}
