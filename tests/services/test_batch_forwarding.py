"""A batch sends an operation on to its service, and goes on without it when that is down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(headers=headers, timeout=180, trust_env=False) as each:
        yield each


def _batch(http: httpx.Client, stack: Programs, *urls: str) -> list[dict[str, Any]]:
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answer = http.post(stack.fhir, json=bundle)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["entry"]
    return told


def test_what_is_down_fails_alone_and_is_in_the_audit(http: httpx.Client, stack: Programs) -> None:
    person = {"resourceType": "Patient", "id": "forwarding"}
    assert http.put(f"{stack.fhir}/Patient/forwarding", json=person).is_success
    plan = {
        "resourceType": "CarePlan",
        "id": "forwarding",
        "status": "draft",
        "intent": "plan",
        "subject": {"reference": "Patient/forwarding"},
    }
    assert http.put(f"{stack.fhir}/CarePlan/forwarding", json=plan).is_success
    urls = ("CarePlan/forwarding/$hours", "CarePlan/forwarding")

    up = _batch(http, stack, *urls)
    assert [each["response"]["status"] for each in up] == ["200", "200"]

    stack.kill("plan")
    down = _batch(http, stack, *urls)
    assert [each["response"]["status"] for each in down] == ["503", "200"]
    assert down[0]["response"]["outcome"]["issue"][0]["code"] == "transient"
    found = http.get(f"{stack.fhir}/AuditEvent?entity=CarePlan/forwarding&subtype=operation")
    told = {
        (each["resource"]["source"]["observer"]["display"], each["resource"]["outcome"])
        for each in found.json()["entry"]
    }
    assert told == {("plan_api", "0"), ("intake_api", "8")}
