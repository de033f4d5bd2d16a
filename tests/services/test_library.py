"""What the services publish about themselves can be read from the record."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx

from services.intake_api.definition import DEFINITION as INTAKE
from services.plan_api.definition import DEFINITION as PLAN
from services.progress_api.definition import DEFINITION as PROGRESS
from shared.care.canonical import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.programs import Programs


def test_every_operation_that_is_stated_is_defined(stack: Programs) -> None:
    statement = httpx.get(f"{stack.fhir}/metadata", trust_env=False).json()
    stated = sorted(set(_stated(statement)))
    assert f"{CANONICAL}/OperationDefinition/clock" in stated
    for url in stated:
        definition = _published(stack, url.removeprefix(f"{CANONICAL}/"))
        assert definition["url"] == url
        assert f"${definition['code']}" == definition["title"]


def test_every_profile_that_is_stated_is_published(stack: Programs) -> None:
    statement = httpx.get(f"{stack.fhir}/metadata", trust_env=False).json()
    stated = _profiles(statement)
    assert f"{CANONICAL}/StructureDefinition/stepdown-careplan" in stated
    for url in stated:
        assert _published(stack, url.removeprefix(f"{CANONICAL}/"))["url"] == url


def test_every_code_system_of_ours_is_served_and_tells_its_codes(stack: Programs) -> None:
    services = (INTAKE, PLAN, PROGRESS)
    systems = [e for each in services for e in each.library if e["resourceType"] == "CodeSystem"]
    assert {"task", "programme"} <= {each["id"] for each in systems}
    for each in systems:
        served = _published(stack, f"CodeSystem/{each['id']}")
        assert served["concept"] == each["concept"]
        asked = {"url": each["url"], "code": each["concept"][-1]["code"]}
        assert _is_code(stack, **asked)
        assert not _is_code(stack, url=each["url"], code="no-such-code")


def test_a_batch_tells_what_the_front_door_states(stack: Programs) -> None:
    statement = httpx.get(f"{stack.fhir}/metadata", trust_env=False).json()
    asked = {"request": {"method": "GET", "url": "metadata"}}
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [asked]}
    answer = httpx.post(stack.fhir, json=batch, trust_env=False).json()
    assert answer["entry"][0]["resource"] == statement
    own = httpx.get(f"{stack.base('intake')}/metadata", trust_env=False).json()
    assert own["title"] != statement["title"]


def test_a_second_start_publishes_nothing_anew(stack: Programs) -> None:
    path = "OperationDefinition/clock"
    before = _published(stack, path)["meta"]["versionId"]
    stack.stop("intake")
    stack.start("intake")
    assert _published(stack, path)["meta"]["versionId"] == before


def _stated(statement: dict[str, Any]) -> Iterator[str]:
    rest = statement["rest"][0]
    for place in (rest, *rest["resource"]):
        yield from (each["definition"] for each in place.get("operation", ()))


def _profiles(statement: dict[str, Any]) -> list[str]:
    resources = statement["rest"][0]["resource"]
    return [url for each in resources for url in each.get("supportedProfile", ())]


def _is_code(stack: Programs, **asked: str) -> bool:
    answer = httpx.get(f"{stack.fhir}/CodeSystem/$validate-code", params=asked, trust_env=False)
    told = {each["name"]: each for each in answer.raise_for_status().json()["parameter"]}
    return bool(told["result"]["valueBoolean"])


def _published(stack: Programs, path: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while True:
        answer = httpx.get(f"{stack.fhir}/{path}", trust_env=False)
        if answer.is_success or time.monotonic() > deadline:
            answer.raise_for_status()
            return dict(answer.json())
        time.sleep(0.1)
