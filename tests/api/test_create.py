"""FHIR create over HTTP. https://hl7.org/fhir/R4/http.html#create"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.api.resources import fresh, issues, observation, patient, places, refused

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs


async def test_a_created_resource_is_answered_with_its_place_version_and_date(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    answer = await client.post("/Patient", json=patient(active=True))

    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{all_in_one.fhir}/Patient/{made['id']}/_history/1"
    assert answer.headers["etag"] == 'W/"1"'
    assert parsedate_to_datetime(answer.headers["last-modified"])
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert made["meta"]["versionId"] == "1"
    assert made["meta"]["lastUpdated"].endswith("Z")
    assert made["active"] is True


async def test_every_digit_comes_back_as_it_was_sent(client: httpx.AsyncClient) -> None:
    digits_sent = (
        *(b"1.10", b"0.0", b"-0", b"-0.0", b"-0.000", b"100"),
        *(b"12345678901234567.890123456789", b"1E+3"),
    )
    activate = b'[{"op":"add","path":"/active","value":true}]'
    as_patch = {"content-type": "application/json-patch+json"}
    body = b'{"resourceType":"Patient","extension":[{"url":"http://a.example","valueDecimal":%b}]}'

    for digits in digits_sent:
        made = await client.post("/Patient", content=body % digits)
        address = made.headers["location"].partition("/_history")[0]
        read = await client.get(address)
        patched = await client.patch(address, content=activate, headers=as_patch)
        assert (made.status_code, patched.status_code) == (201, 200), made.text
        for answer in (made, read, patched):
            assert b'"valueDecimal":%b}' % digits in answer.content


async def test_the_id_that_a_client_sends_is_ignored(client: httpx.AsyncClient) -> None:
    told = fresh()
    answer = await client.post("/Patient", json=patient(id=told))

    assert answer.status_code == 201
    assert answer.json()["id"] != told
    assert UUID(answer.json()["id"]).version == 7
    refused(await client.get(f"/Patient/{told}"), 404)


async def test_what_a_client_says_of_version_and_date_is_ignored(client: httpx.AsyncClient) -> None:
    meta = {"versionId": "77", "lastUpdated": "2001-01-01T00:00:00Z", "source": "urn:a"}
    made = (await client.post("/Patient", json=patient(meta=meta))).json()

    assert made["meta"]["versionId"] == "1"
    assert not made["meta"]["lastUpdated"].startswith("2001")
    assert made["meta"]["source"] == "urn:a"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_the_client_prefers_what_a_write_answers(
    client: httpx.AsyncClient, method: str
) -> None:
    async def ask(prefer: str) -> httpx.Response:
        told = patient(id=fresh())
        url = "/Patient" if method == "POST" else f"/Patient/{told['id']}"
        answer = await client.request(method, url, json=told, headers={"Prefer": prefer})
        assert answer.status_code == 201
        assert answer.headers["location"]
        assert answer.headers["etag"] == 'W/"1"'
        return answer

    assert (await ask("return=minimal")).content == b""
    assert (await ask("return=representation")).json()["resourceType"] == "Patient"
    assert (await ask("respond-async; return=minimal")).content == b""
    assert (await ask('Return = "minimal"')).content == b""
    assert (await ask("lazy=return=minimal")).content != b""
    told = issues(await ask("return=OperationOutcome"))
    assert [each["severity"] for each in told] == ["warning", "information"]


async def test_criteria_in_the_address_are_not_passed_over(client: httpx.AsyncClient) -> None:
    body = patient()
    answer = await client.post("/Patient?identifier=a%7Cb", json=body)
    assert answer.status_code == 400
    assert "If-None-Exist" in answer.text
    assert (await client.post("/Patient?_pretty=true", json=body)).status_code == 201


async def test_what_was_read_in_part_is_not_created(client: httpx.AsyncClient) -> None:
    tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}
    subsetted = patient(meta={"tag": [tag | {"code": "SUBSETTED"}]})
    assert (await client.post("/Patient", json=subsetted)).status_code == 422
    other = patient(meta={"tag": [tag | {"code": "OTHER"}]})
    assert (await client.post("/Patient", json=other)).status_code == 201


async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/Patient", json={"resourceType": "Basic", "code": {"text": "x"}})
    assert "Patient" in refused(answer, 400)
    refused(await client.post("/Patient", json={"active": True}), 400)


async def test_a_reference_to_nothing_is_refused_and_one_to_something_is_not(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/Observation", json=observation(f"Patient/{fresh()}"))
    refused(answer, 422)
    assert places(answer) == ["Observation.subject"]

    subject = (await client.post("/Patient", json=patient())).json()["id"]
    answer = await client.post("/Observation", json=observation(f"Patient/{subject}"))
    assert answer.status_code == 201


async def test_a_reference_below_any_base_of_this_server_is_one_to_this_server(
    client: httpx.AsyncClient, all_in_one: Programs, service: str
) -> None:
    base = all_in_one.base(service)
    subject = (await client.post("/Patient", json=patient())).json()["id"]

    good = await client.post("/Observation", json=observation(f"{base}/Patient/{subject}"))
    bad = await client.post("/Observation", json=observation(f"{base}/Patient/{fresh()}"))
    elsewhere = f"http://other.example/fhir/Patient/{fresh()}"
    foreign = await client.post("/Observation", json=observation(elsewhere))

    assert good.status_code == 201
    refused(bad, 422)
    assert foreign.status_code == 201


async def test_a_like_named_reference_elsewhere_is_not_blamed(client: httpx.AsyncClient) -> None:
    nobody = f"Practitioner/{fresh()}"
    told = observation(
        f"Patient/{fresh()}",
        performer=[{"reference": f"http://other.example/fhir/{nobody}"}, {"reference": nobody}],
    )
    answer = await client.post("/Observation", json=told)
    refused(answer, 422)
    assert sorted(places(answer)) == ["Observation.performer[1]", "Observation.subject"]


async def test_a_conditional_reference_outside_a_transaction_is_malformed(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/Observation", json=observation("Patient?identifier=a|b"))
    assert "transaction" in refused(answer, 400)
    assert places(answer) == ["Observation.subject"]
