"""A client that prefers an OperationOutcome is told what is only recommended of what it wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import fresh, patient, post, run
from tests.unit.fhir_validation.resources import DIV

if TYPE_CHECKING:
    import httpx

TOLD = {"Prefer": "return=OperationOutcome"}
UNKNOWN = "http://example.org/StructureDefinition/unknown"
NARRATIVE = {"status": "generated", "div": DIV}
OWN = {"coding": [{"system": "http://example.org/codes", "code": "hand"}]}
ADVISED = patient(text=NARRATIVE, maritalStatus=OWN, meta={"profile": [UNKNOWN]})
ADVICE = [
    ("warning", "Patient.maritalStatus"),
    ("warning", "Patient.meta.profile[0]"),
    ("information", None),
]


def told(outcome: dict[str, Any]) -> list[tuple[str, str | None]]:
    assert outcome["resourceType"] == "OperationOutcome"
    return [(each["severity"], each.get("expression", [None])[0]) for each in outcome["issue"]]


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_write_tells_what_is_recommended(client: httpx.AsyncClient, method: str) -> None:
    logical_id = fresh()
    url = "/Patient" if method == "POST" else f"/Patient/{logical_id}"

    for resource, expected in (
        (patient(text=NARRATIVE), [("information", None)]),
        (ADVISED, ADVICE),
    ):
        body = resource | {"id": logical_id}
        answer = await client.request(method, url, json=body, headers=TOLD)
        assert answer.status_code in {200, 201}
        assert told(answer.json()) == expected


async def test_a_patch_tells_it_too(client: httpx.AsyncClient) -> None:
    made = await client.post("/Patient", json=ADVISED)
    patch = [{"op": "add", "path": "/active", "value": True}]

    headers = TOLD | {"Content-Type": "application/json-patch+json"}
    answer = await client.patch(f"/Patient/{made.json()['id']}", json=patch, headers=headers)
    assert answer.status_code == 200
    # A narrative that was generated is gone with what it told.
    assert told(answer.json()) == [*ADVICE[:1], ("warning", "Patient"), *ADVICE[1:]]


@pytest.mark.parametrize("kind", ["transaction", "batch"])
async def test_each_entry_tells_its_own(client: httpx.AsyncClient, kind: str) -> None:
    answer = await run(client, kind, post(ADVISED), post(patient(text=NARRATIVE)), **TOLD)

    outcomes = [each["response"]["outcome"] for each in answer.json()["entry"]]
    assert [told(each) for each in outcomes] == [ADVICE, [("information", None)]]
