"""Referrals between two Organizations over HTTP, for tests of their way."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shared.care.canonical import code_system
from shared.care.referral.task import business_status

if TYPE_CHECKING:
    import httpx

    from shared.care.referral.machine import State

Resource = dict[str, Any]
REFERRER, PROGRAMME, OTHER = "Organization/referrer", "Organization/programme", "Organization/other"
REVIEW = {"coding": [{"system": code_system("task"), "code": "referral"}]}
WHY = {"text": "There is no room."}


def a_referral(state: State, task_id: str = "", **changes: object) -> Resource:
    """A Task of an inbound referral that stands somewhere."""
    business = {"businessStatus": business_status(state.business)} if state.business else {}
    return {
        "resourceType": "Task",
        "id": task_id or f"t-{uuid.uuid4()}",
        "status": state.status,
        "intent": "order",
        "code": REVIEW,
        "requester": {"reference": REFERRER},
        "owner": {"reference": PROGRAMME},
        "statusReason": WHY,
        **business,
        **changes,
    }


def parameters(trigger: str, **values: Resource) -> Resource:
    told = [{"name": "trigger", "valueCode": trigger}]
    told += [{"name": name, **value} for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": told}


def places(http: httpx.Client) -> None:
    for name in ("referrer", "programme", "other", "clinic"):
        organization = {"resourceType": "Organization", "id": name, "name": name}
        assert http.put(f"Organization/{name}", json=organization).is_success


def transition(
    http: httpx.Client,
    task: Resource,
    trigger: str,
    actor: str,
    *,
    match: str = "",
    **values: Resource,
) -> httpx.Response:
    headers = {"X-Stepdown-Actor": actor} | ({"If-Match": match} if match else {})
    path = f"Task/{task['id']}/$transition"
    return http.post(path, json=parameters(trigger, **values), headers=headers)


def moved(
    http: httpx.Client, task: Resource, trigger: str, actor: str, **values: Resource
) -> Resource:
    """Take a step that is allowed."""
    answer = transition(http, task, trigger, actor, match="", **values)
    assert answer.status_code == 200, answer.text
    found: Resource = answer.json()
    return found


def stands(task: Resource) -> tuple[str, str]:
    return task["status"], task["businessStatus"]["coding"][0]["code"]


def told(answer: httpx.Response) -> str:
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return " ".join(str(issue["diagnostics"]) for issue in outcome["issue"])


def in_a_bundle(
    http: httpx.Client, entries: list[Resource], actor: str, kind: str = "batch"
) -> list[Resource]:
    """Send requests together, and give their answers."""
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    answer = http.post("", json=bundle, headers={"X-Stepdown-Actor": actor})
    assert answer.is_success, answer.text
    found: list[Resource] = [each["response"] for each in answer.json()["entry"]]
    return found


def put(resource: Resource) -> Resource:
    request = {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
    return {"resource": resource, "request": request}
