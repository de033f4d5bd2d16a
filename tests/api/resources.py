"""Builds the resources and Bundles that the tests of the API send, and reads the answers."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

Resource = dict[str, Any]
SYSTEM = "http://test.example/ids"


def fresh() -> str:
    """A name that nothing else has."""
    return uuid.uuid4().hex


def patient(**elements: object) -> Resource:
    return {"resourceType": "Patient", **elements}


def identified(value: str, resource_type: str = "Patient", **elements: object) -> Resource:
    """A resource with a business identifier."""
    identifier = [{"system": SYSTEM, "value": value}]
    return {"resourceType": resource_type, "identifier": identifier, **elements}


def observation(subject: str, **elements: object) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "mood"},
        "subject": {"reference": subject},
        **elements,
    }


def entry(method: str, url: str, resource: Resource | None = None, **request: str) -> Resource:
    """An entry of a batch or transaction; a `full_url` becomes the entry's."""
    full_url = request.pop("full_url", None)
    made: Resource = {"request": {"method": method, "url": url, **request}}
    if full_url is not None:
        made["fullUrl"] = full_url
    if resource is not None:
        made["resource"] = resource
    return made


def post(resource: Resource, full_url: str | None = None, **request: str) -> Resource:
    """An entry that creates a resource."""
    named = request if full_url is None else {**request, "full_url": full_url}
    return entry("POST", resource["resourceType"], resource, **named)


def put(resource: Resource, **request: str) -> Resource:
    """An entry that updates a resource."""
    return entry("PUT", f"{resource['resourceType']}/{resource['id']}", resource, **request)


def bundle(kind: str, *entries: Resource) -> Resource:
    made: Resource = {"resourceType": "Bundle", "type": kind}
    return made | ({"entry": list(entries)} if entries else {})


async def run(
    client: httpx.AsyncClient, kind: str, *entries: Resource, **headers: str
) -> httpx.Response:
    """Post a batch or transaction to the base."""
    base = str(client.base_url).rstrip("/")
    return await client.post(base, json=bundle(kind, *entries), headers=headers)


async def created(client: httpx.AsyncClient, resource: Resource) -> str:
    """Create a resource and give its reference, `Type/id`."""
    answer = await client.post(f"/{resource['resourceType']}", json=resource)
    assert answer.status_code == 201, answer.text
    return f"{resource['resourceType']}/{answer.json()['id']}"


async def updated(client: httpx.AsyncClient, resource: Resource) -> str:
    """Write a resource under its own id and give its reference."""
    reference = f"{resource['resourceType']}/{resource['id']}"
    answer = await client.put(f"/{reference}", json=resource)
    assert answer.status_code in {200, 201}, answer.text
    return reference


async def count(client: httpx.AsyncClient, resource_type: str, **criteria: str) -> int:
    """How many resources match."""
    asked = {**criteria, "_summary": "count"}
    answer = await client.get(f"/{resource_type}", params=asked)
    assert answer.status_code == 200, answer.text
    total: int = answer.json()["total"]
    return total


def issues(answer: httpx.Response) -> list[Resource]:
    """The issues of an OperationOutcome, which every refusal must be."""
    assert answer.headers["content-type"].startswith("application/fhir+json"), answer.text[:500]
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome", answer.text[:500]
    assert all(issue["diagnostics"] for issue in outcome["issue"])
    found: list[Resource] = outcome["issue"]
    return found


def refused(answer: httpx.Response, status: int) -> str:
    """Check a refusal's status and form, and give what it says."""
    assert answer.status_code == status, answer.text[:500]
    return " ".join(issue["diagnostics"] for issue in issues(answer))


def places(answer: httpx.Response) -> list[str]:
    """The FHIRPath locations that a refusal names."""
    return [place for issue in issues(answer) for place in issue.get("expression", [])]


def matches(answer: httpx.Response) -> list[str]:
    """The ids of a searchset's matches, in their order."""
    assert answer.status_code == 200, answer.text
    found = answer.json().get("entry", [])
    return [each["resource"]["id"] for each in found if each["search"]["mode"] == "match"]


def link(answer: httpx.Response, relation: str) -> str | None:
    """The address of a related page, if there is one."""
    links = {each["relation"]: each["url"] for each in answer.json().get("link", [])}
    return links.get(relation)
