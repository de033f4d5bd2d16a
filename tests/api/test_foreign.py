"""What is of another standard is refused with a hint of what makes FHIR of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.api.resources import patient, refused

if TYPE_CHECKING:
    import httpx

ADT = "MSH|^~\\&|ADT|HOSPITAL|IOP|CLINIC|20260302160000||ADT^A03|1|P|2.5.1\rPID|1||CANARY\r"
JSON = "application/fhir+json"


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/hl7-v2", ADT),
        ("application/hl7-v2; charset=iso-8859-1", ADT),
        ("x-application/hl7-v2+er7", ADT),
        ("X-Application/HL7-v2+ER7", "not even a message"),
        ("text/plain", ADT),
        (JSON, ADT),
        (JSON, f"\ufeff\r\n{ADT}"),
        ("application/octet-stream", f"\x0b{ADT}\x1c\r"),
        (JSON, f"FHS|^~\\&|A\rBHS|^~\\&|A\r{ADT}BTS|1\rFTS|1\r"),
        (JSON, f"BHS|^~\\&|A\r{ADT}BTS|1\r"),
        (JSON, ADT.replace("|", "#")),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("path", ["/$process-message", "/", "/Bundle", "/Patient"])
async def test_hl7_v2_is_refused_and_leads_to_an_interface_engine(
    client: httpx.AsyncClient, path: str, media_type: str, body: str
) -> None:
    answer = await client.post(path, content=body.encode(), headers={"Content-Type": media_type})

    assert "interface engine" in refused(answer, 415)
    assert "CANARY" not in answer.text


async def test_a_resource_that_speaks_of_hl7_v2_is_none(client: httpx.AsyncClient) -> None:
    named = patient(name=[{"family": "MSH|"}])
    body = json.dumps(named).encode()
    answer = await client.post("/Patient", content=body, headers={"Content-Type": JSON})
    assert answer.status_code == 201


async def test_a_message_can_be_kept_as_a_binary(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "x-application/hl7-v2+er7"}
    answer = await client.post("/Binary", content=ADT.encode(), headers=headers)
    assert answer.status_code == 201
