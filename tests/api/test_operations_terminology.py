"""Terminology over HTTP: what R4 defines and the record holds is told; the rest is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.parameters import carried, given, told
from tests.api.resources import created, refused
from tests.unit.terminology.colours import ALL, SYSTEM, URL, composed, filtered, listed, whole

if TYPE_CHECKING:
    import httpx

GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDER = "http://hl7.org/fhir/administrative-gender"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SNOMED = "http://snomed.info/sct"
WARM = "http://test.example/ValueSet/warm,colours"


@pytest.fixture(scope="module")
async def warm(client: httpx.AsyncClient) -> str:
    """A stored value set of a stored code system."""
    await created(client, SYSTEM)
    return await created(client, composed(filtered("is-a", "red"), url=WARM) | {"version": "1"})


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.json()["resourceType"] == "ValueSet"
    return [each["code"] for each in answer.json()["expansion"].get("contains", [])]


async def test_a_value_set_of_r4_is_expanded(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ValueSet/$expand", params={"url": GENDERS})
    assert codes(answer) == ["male", "female", "other", "unknown"]
    expansion = answer.json()["expansion"]
    assert expansion["total"] == 4
    assert expansion["contains"][0] == {"system": GENDER, "code": "male", "display": "Male"}
    asked = {"url": GENDERS, "filter": "fem"}
    assert codes(await client.get("/ValueSet/$expand", params=asked)) == ["female"]
    assert codes(await client.post("/ValueSet/$expand", json=given(url_valueUri=GENDERS)))


async def test_a_stored_value_set_is_expanded(client: httpx.AsyncClient, warm: str) -> None:
    by_id = await client.get(f"/{warm}/$expand")
    assert codes(by_id) == ["red", "crimson", "madder"]
    assert by_id.json()["expansion"]["contains"][2]["inactive"] is True
    assert codes(await client.get("/ValueSet/$expand", params={"url": WARM})) == codes(by_id)
    asked = {"url": WARM, "valueSetVersion": "1", "activeOnly": "true"}
    assert codes(await client.get("/ValueSet/$expand", params=asked)) == ["red", "crimson"]
    refused(await client.get("/ValueSet/$expand", params=asked | {"valueSetVersion": "2"}), 404)


async def test_a_value_set_in_the_body_is_expanded(client: httpx.AsyncClient, warm: str) -> None:
    assert warm
    value_set = composed({"valueSet": [WARM]}, listed("sky"))
    expected = ["red", "crimson", "madder", "sky"]
    assert codes(await client.post("/ValueSet/$expand", json=value_set)) == expected
    body = given(carried("valueSet", value_set), offset_valueInteger=1, count_valueInteger=2)
    page = await client.post("/ValueSet/$expand", json=body)
    assert codes(page) == expected[1:3]
    assert page.json()["expansion"]["total"] == 4
    assert page.json()["expansion"]["offset"] == 1
    broken = value_set | {"status": "new"}
    refused(await client.post("/ValueSet/$expand", json=broken), 422)
    refused(await client.post("/ValueSet/$expand", json=given(carried("valueSet", broken))), 400)


async def test_designations_are_given_when_asked_for(client: httpx.AsyncClient, warm: str) -> None:
    plain = await client.get(f"/{warm}/$expand")
    full = await client.get(f"/{warm}/$expand", params={"includeDesignations": "true"})
    assert "designation" not in plain.json()["expansion"]["contains"][0]
    assert full.json()["expansion"]["contains"][0]["designation"][0]["value"] == "Rot"


async def test_what_cannot_be_expanded_is_refused(client: httpx.AsyncClient, warm: str) -> None:
    expand = "/ValueSet/$expand"
    told_why = refused(await client.post(expand, json=composed(whole(SNOMED))), 400)
    assert SNOMED in told_why
    refused(await client.get(expand, params={"url": "http://test.example/none"}), 404)
    refused(await client.get("/ValueSet/none/$expand"), 404)
    refused(await client.get(expand), 400)
    refused(await client.get(f"/{warm}/$expand", params={"url": GENDERS}), 400)
    refused(await client.get(f"/{warm}/$expand", params={"count": "-1"}), 400)


async def test_a_large_value_set_is_given_in_pages(client: httpx.AsyncClient) -> None:
    large = composed(whole("http://terminology.hl7.org/CodeSystem/v3-ActCode"))
    assert "count" in refused(await client.post("/ValueSet/$expand", json=large), 422)
    body = given(carried("valueSet", large), count_valueInteger=1000)
    page = await client.post("/ValueSet/$expand", json=body)
    assert len(codes(page)) == 1000
    assert page.json()["expansion"]["total"] > 1000


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"code": "red", "system": URL}, True),
        ({"code": "red", "system": URL, "display": "RED"}, True),
        ({"code": "red", "system": URL, "display": "Rot"}, True),
        ({"code": "red", "system": URL, "display": "Blue"}, False),
        ({"code": "blue", "system": URL}, False),
        ({"code": "pink", "system": URL}, False),
        ({"code": "red", "system": SNOMED}, False),
    ],
)
async def test_a_code_is_looked_for_in_a_value_set(
    client: httpx.AsyncClient, warm: str, asked: dict[str, str], *, expected: bool
) -> None:
    answer = await client.get(f"/{warm}/$validate-code", params=asked)
    assert told(answer, "result") is expected
    assert (told(answer, "message") is None) is expected
    by_url = await client.get("/ValueSet/$validate-code", params=asked | {"url": WARM})
    assert by_url.json() == answer.json()


async def test_a_coding_and_a_concept_are_looked_for(client: httpx.AsyncClient, warm: str) -> None:
    red: dict[str, Any] = {"system": URL, "code": "red"}
    other = {"system": "http://test.example/other", "code": "1"}
    path = f"/{warm}/$validate-code"
    coding = await client.post(path, json=given(coding_valueCoding=red))
    assert (told(coding, "result"), told(coding, "display")) == (True, "Red")
    concept = {"coding": [other, red]}
    assert told(
        await client.post(path, json=given(codeableConcept_valueCodeableConcept=concept)), "result"
    )
    for nothing in ({"coding": [other]}, {"text": "red"}):
        body = given(codeableConcept_valueCodeableConcept=nothing)
        assert told(await client.post(path, json=body), "result") is False
    refused(await client.post(path, json=given()), 400)
    refused(await client.get(path, params={"code": "red"}), 400)


async def test_what_cannot_be_known_is_not_called_false(client: httpx.AsyncClient) -> None:
    path = "/ValueSet/$validate-code"
    value_set = carried("valueSet", composed(whole(SNOMED), listed("red")))
    unknown = given(value_set, coding_valueCoding={"system": SNOMED, "code": "1"})
    assert SNOMED in refused(await client.post(path, json=unknown), 400)
    known = given(value_set, coding_valueCoding={"system": URL, "code": "red"})
    assert told(await client.post(path, json=known), "result") is True
    mime = {
        "url": "http://hl7.org/fhir/ValueSet/mimetypes",
        "code": "x",
        "system": "urn:ietf:bcp:13",
    }
    refused(await client.get(path, params=mime), 400)


async def test_a_code_is_looked_for_in_a_code_system(client: httpx.AsyncClient, warm: str) -> None:
    assert warm
    path = "/CodeSystem/$validate-code"
    for code, expected in (("male", True), ("Male", False)):
        answer = await client.get(path, params={"url": GENDER, "code": code})
        assert told(answer, "result") is expected
    for code in ALL:
        answer = await client.get(path, params={"url": URL, "code": code})
        assert told(answer, "result") is True
    group = {"url": URL, "code": "any"}
    assert told(await client.get(path, params=group | {"abstract": "false"}), "result") is False
    inline = given(carried("codeSystem", SYSTEM), coding_valueCoding={"system": URL, "code": "sky"})
    assert told(await client.post(path, json=inline), "display") == "Sky"
    refused(await client.get(path, params={"url": SNOMED, "code": "1"}), 404)
    part = given(carried("codeSystem", SYSTEM | {"content": "fragment"}), code_valueCode="pink")
    refused(await client.post(path, json=part), 400)


async def test_a_code_is_looked_up(client: httpx.AsyncClient, warm: str) -> None:
    assert warm
    path = "/CodeSystem/$lookup"
    answer = await client.get(path, params={"system": ACT_CODE, "code": "IMP"})
    assert told(answer, "display") == "inpatient encounter"
    assert told(answer, "version") == "2018-08-12"
    body = given(coding_valueCoding={"system": URL, "code": "red"}, property_valueCode="child")
    stored = (await client.post(path, json=body)).json()["parameter"]
    children = [each["part"][1]["valueCode"] for each in stored if each["name"] == "property"]
    assert children == ["crimson", "madder"]
    designation = next(each for each in stored if each["name"] == "designation")
    assert {"name": "value", "valueString": "Rot"} in designation["part"]
    refused(await client.get(path, params={"system": ACT_CODE, "code": "imp"}), 404)
    refused(await client.get(path, params={"system": SNOMED, "code": "1"}), 404)


async def test_every_service_answers_about_terminology(client: httpx.AsyncClient) -> None:
    root = str(client.base_url).removesuffix("/fhir/")
    for service in ("intake", "plan", "progress"):
        url = f"{root}/{service}/fhir/ValueSet/$expand"
        assert codes(await client.get(url, params={"url": GENDERS}))
