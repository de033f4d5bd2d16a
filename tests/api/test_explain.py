"""`_explain=true` tells how a search is answered, and answers it not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from shared.access.access import ANONYMOUS, Access
from shared.fhir.errors import Forbidden
from shared.server.operator import refuse_all_but_operator

if TYPE_CHECKING:
    import httpx


def statements(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    told = {}
    for each in answer.json()["parameter"]:
        part = {one["name"]: one.get("valueString", one.get("valueCode")) for one in each["part"]}
        told[part["name"]] = part
    return told


async def test_it_tells_the_sql_its_values_and_its_plans(client: httpx.AsyncClient) -> None:
    body = {"resourceType": "Patient", "name": [{"family": "Synthetic-Explained"}]}
    patient = (await client.post("/Patient", json=body)).json()["id"]
    flag = {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "Synthetic"},
        "subject": {"reference": f"Patient/{patient}"},
    }
    assert (await client.post("/Flag", json=flag)).status_code == 201
    query = f"/Patient?_id={patient}&_total=accurate&_revinclude=Flag:patient&_explain=true"
    told = statements(await client.get(query))

    assert told.keys() == {"count", "page", "included"}
    for each in told.values():
        assert "record." in each["sql"]
        assert json.loads(each["plan"])[0]["Plan"]["Node Type"]
    assert patient in json.dumps(json.loads(told["page"]["values"]))
    assert "Explained" not in json.dumps(told)


async def test_searches_of_several_types_and_of_the_audit_are_told(
    client: httpx.AsyncClient,
) -> None:
    several = statements(await client.get("?_type=Patient,Flag&_explain=true"))
    audit = statements(await client.get("/AuditEvent?_summary=count&_explain=true"))

    assert several.keys() == {"page"}
    assert "record.audit" in audit["count"]["sql"]


@pytest.mark.parametrize("value", ["yes", "", "1"])
async def test_it_is_true_or_false(client: httpx.AsyncClient, value: str) -> None:
    refused = await client.get(f"/Patient?_explain={value}")
    plain = await client.get("/Patient?_explain=false&_count=1")

    assert refused.status_code == 400
    assert "_explain must be one of true, false." in refused.text
    assert plain.json()["resourceType"] == "Bundle"


def test_only_the_operator_has_the_right() -> None:
    class Asking:
        access = Access(1, ANONYMOUS, None, None, "test")

    with pytest.raises(Forbidden):
        refuse_all_but_operator(Asking())  # type: ignore[arg-type]
    Asking.access = Access.open(ANONYMOUS)
    refuse_all_but_operator(Asking())  # type: ignore[arg-type]
