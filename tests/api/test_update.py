"""FHIR update over HTTP. https://hl7.org/fhir/R4/http.html#update"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import fresh, patient, places, refused, updated

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

DECIMAL = '{"resourceType":"Patient","id":"%s","extension":[{"url":"http://a.example","valueDecimal":%s}]}'


async def test_an_update_makes_the_next_version(client: httpx.AsyncClient) -> None:
    told = patient(id=fresh(), active=True)
    await updated(client, told)
    answer = await client.put(f"/Patient/{told['id']}", json=told | {"active": False})

    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"2"'
    assert "location" not in answer.headers
    assert answer.headers["content-location"].endswith(f"/fhir/Patient/{told['id']}/_history/2")
    assert answer.json()["active"] is False
    assert answer.json()["meta"]["versionId"] == "2"


async def test_an_update_creates_under_the_id_given_and_brings_back_what_was_deleted(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    told = patient(id=fresh())
    url = f"{all_in_one.fhir}/Patient/{told['id']}"

    made = await client.put(url, json=told)
    assert (made.status_code, made.headers["location"]) == (201, f"{url}/_history/1")
    assert "content-location" not in made.headers

    assert (await client.delete(url)).status_code == 204
    back = await client.put(url, json=told)
    assert (back.status_code, back.headers["location"]) == (201, f"{url}/_history/3")
    assert (await client.get(url)).status_code == 200


@pytest.mark.parametrize(
    "told",
    [
        {"resourceType": "Patient", "id": "another"},
        {"resourceType": "Patient"},
        {"resourceType": "Patient", "id": 7},
        {"resourceType": "Patient", "id": None},
        {"resourceType": "Basic", "id": "ID", "code": {"text": "x"}},
        {"id": "ID"},
    ],
)
async def test_a_body_must_be_of_the_type_and_id_of_its_address(
    client: httpx.AsyncClient, told: dict[str, Any]
) -> None:
    logical_id = fresh()
    if told.get("id") == "ID":
        told = told | {"id": logical_id}
    refused(await client.put(f"/Patient/{logical_id}", json=told), 400)
    refused(await client.get(f"/Patient/{logical_id}"), 404)
    good = await client.put(f"/Patient/{logical_id}", json=patient(id=logical_id))
    assert good.status_code == 201


@pytest.mark.parametrize("logical_id", ["a" * 65, "a_b", "ä", "a%20b", ".", "..", "a+b"])
async def test_an_id_that_fhir_does_not_allow_is_found_nowhere(
    client: httpx.AsyncClient, logical_id: str
) -> None:
    answer = await client.put(f"/Patient/{logical_id}", json=patient(id=logical_id))
    # A client takes a dot out of the address, and then criteria are missing.
    assert answer.status_code in {400, 404, 405}
    longest = f"{fresh()}{'-' * 31}."
    assert (await client.put(f"/Patient/{longest}", json=patient(id=longest))).status_code == 201


async def test_an_equal_body_makes_no_new_version(client: httpx.AsyncClient) -> None:
    told = patient(id=fresh(), active=True, name=[{"family": "F", "given": ["G", "H"]}])
    url = f"/Patient/{told['id']}"
    first = await client.put(url, json=told)

    turned = dict(reversed(told.items()))
    read_back = first.json()
    for same in (told, turned, read_back):
        again = await client.put(url, json=same)
        assert (again.status_code, again.headers["etag"]) == (200, 'W/"1"'), again.text
        assert again.content == first.content
    other = await client.put(url, json=told | {"active": False})
    assert other.headers["etag"] == 'W/"2"'


async def test_an_equal_decimal_is_one_with_the_same_digits(client: httpx.AsyncClient) -> None:
    logical_id = fresh()

    async def version(digits: str) -> str:
        body = DECIMAL % (logical_id, digits)
        answer = await client.put(f"/Patient/{logical_id}", content=body)
        assert f'"valueDecimal":{digits}}}' in answer.text
        etag: str = answer.headers["etag"]
        return etag

    assert await version("1.10") == 'W/"1"'
    assert await version("1.10") == 'W/"1"'
    assert await version("1.1") == 'W/"2"'
    assert await version("1.1") == 'W/"2"'
    assert await version("11e-1") == 'W/"3"'
    read = await client.get(f"/Patient/{logical_id}/_history/1")
    assert '"valueDecimal":1.10}' in read.text


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("meta", "place"),
    [
        (None, "Patient"),
        ("text", "Patient.meta"),
        ([], "Patient.meta"),
        ({"tag": 5}, "Patient.meta.tag"),
        ({"tag": "x"}, "Patient.meta.tag"),
        ({"tag": {"code": "x"}}, "Patient.meta.tag"),
        ({"tag": [5]}, "Patient.meta.tag[0]"),
        ({"tag": [{"code": ["x"]}]}, "Patient.meta.tag[0].code"),
        ({"security": [None]}, "Patient.meta.security"),
        ({"profile": [{"a": 1}]}, "Patient.meta.profile[0]"),
    ],
)
async def test_a_broken_meta_is_refused_with_its_place(
    client: httpx.AsyncClient, method: str, meta: object, place: str
) -> None:
    label = {"system": "http://a.example", "code": "x"}
    good = patient(id=fresh(), meta={"tag": [label], "security": [label], "profile": ["urn:a"]})
    await updated(client, good)

    url = "/Patient" if method == "POST" else f"/Patient/{good['id']}"
    answer = await client.request(method, url, json=good | {"meta": meta})
    refused(answer, 422)
    assert any(each.startswith(place) for each in places(answer)), places(answer)


async def test_all_issues_are_told_at_once_with_their_places(client: httpx.AsyncClient) -> None:
    told = patient(
        id=fresh(),
        gender="robot",
        birthDate="2021-02-30",
        name=[{"given": ["a", 5]}, {"family": ["x"]}],
        colour="red",
        deceasedBoolean=True,
        deceasedDateTime="2020",
    )
    answer = await client.put(f"/Patient/{told['id']}", json=told)
    refused(answer, 422)
    found = places(answer)
    for place in (
        "Patient.gender",
        "Patient.birthDate",
        "Patient.name[0].given[1]",
        "Patient.name[1].family",
    ):
        assert place in found
    assert len(found) >= 6
    good = patient(id=told["id"], gender="other", birthDate="2021-02-28")
    assert (await client.put(f"/Patient/{told['id']}", json=good)).status_code == 201


async def test_a_resource_that_was_read_in_part_is_not_written_back(
    client: httpx.AsyncClient,
) -> None:
    told = patient(id=fresh(), active=True)
    await updated(client, told)
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
    partial = patient(id=told["id"], meta={"tag": [{"system": system, "code": "SUBSETTED"}]})
    answer = await client.put(f"/Patient/{told['id']}", json=partial)
    refused(answer, 422)
    assert places(answer) == ["Patient.meta.tag[0]"]
    assert (await client.get(f"/Patient/{told['id']}")).headers["etag"] == 'W/"1"'
