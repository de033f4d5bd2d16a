"""Binary: content in its own media type, and as FHIR's JSON. https://hl7.org/fhir/R4/binary.html"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.patches import JSON_PATCH
from tests.api.raw import send
from tests.api.resources import created, entry, fresh, patient, places, refused, run

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

FHIR_JSON = "application/fhir+json"
CONTENT = bytes(range(256))


def _binary(content: bytes, media_type: str, **elements: object) -> dict[str, Any]:
    data = {"data": b64encode(content).decode()} if content else {}
    return {"resourceType": "Binary", "contentType": media_type, **data, **elements}


async def _post(client: httpx.AsyncClient, content: bytes, media_type: str) -> httpx.Response:
    return await client.post("/Binary", content=content, headers={"Content-Type": media_type})


async def _read(client: httpx.AsyncClient, url: str, accept: str) -> httpx.Response:
    return await client.get(url, headers={"Accept": accept})


@pytest.mark.parametrize(
    "media_type",
    ["application/pdf", "image/png", "text/plain", "text/html; charset=latin-1",
     "application/xml", 'multipart/mixed; boundary="a b"', "application/x-www-form-urlencoded"],
)  # fmt: skip
async def test_content_goes_in_and_out_as_it_is(client: httpx.AsyncClient, media_type: str) -> None:
    made = await _post(client, CONTENT, media_type)
    assert made.status_code == 201, made.text
    assert made.json() == _binary(CONTENT, media_type) | {
        "id": made.json()["id"],
        "meta": made.json()["meta"],
    }
    url = f"/Binary/{made.json()['id']}"
    for address in (url, f"{url}/_history/1"):
        answer = await client.get(address)
        assert (answer.status_code, answer.content) == (200, CONTENT)
        assert answer.headers["content-type"] == media_type
        assert answer.headers["etag"] == 'W/"1"'
        assert "last-modified" in answer.headers
        # It must not act as a page of this server.
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
    head = await client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == media_type


@pytest.mark.parametrize(
    ("accept", "native"),
    [
        ("*/*", True),
        ("text/plain", True),
        ("image/png", True),
        ("application/json", True),
        (FHIR_JSON, False),
        (f"{FHIR_JSON}; fhirVersion=4.0", False),
        (f"text/html, {FHIR_JSON};q=0.5", False),
    ],
)
async def test_fhir_s_form_is_given_where_it_is_asked_for(
    client: httpx.AsyncClient,
    accept: str,
    native: bool,  # noqa: FBT001
) -> None:
    url = f"/Binary/{(await _post(client, b'told', 'text/plain')).json()['id']}"
    answer = await _read(client, url, accept)
    assert answer.status_code == 200
    if native:
        assert (answer.headers["content-type"], answer.content) == ("text/plain", b"told")
    else:
        assert answer.headers["content-type"].startswith(FHIR_JSON)
        assert answer.json()["data"] == b64encode(b"told").decode()


async def test_a_format_rules_over_accept(client: httpx.AsyncClient) -> None:
    url = f"/Binary/{(await _post(client, b'told', 'text/plain')).json()['id']}"
    answer = await client.get(f"{url}?_format=json")
    assert answer.json()["resourceType"] == "Binary"
    refused(await client.get(f"{url}?_format=xml"), 406)
    refused(await _read(client, url, "application/fhir+xml"), 406)
    assert (await _read(client, url, "application/xml")).content == b"told"


async def test_a_binary_in_fhir_s_form_goes_out_as_its_content(client: httpx.AsyncClient) -> None:
    told = _binary(b"told", "text/plain")
    for media_type in (FHIR_JSON, "application/json"):
        headers = {"Content-Type": media_type}
        made = await client.post("/Binary", content=json.dumps(told), headers=headers)
        assert (made.status_code, made.json()["data"]) == (201, told["data"])
        answer = await client.get(f"/Binary/{made.json()['id']}")
        assert (answer.headers["content-type"], answer.content) == ("text/plain", b"told")


async def test_json_that_is_no_binary_is_content(client: httpx.AsyncClient) -> None:
    for content in (b'{"a": 1.10}', b"[1]", b"{", b'{"resourceType": "Patient"}'):
        made = await _post(client, content, "application/json")
        assert made.status_code == 201
        answer = await client.get(f"/Binary/{made.json()['id']}")
        assert (answer.headers["content-type"], answer.content) == ("application/json", content)
    refused(await _post(client, b'{"resourceType": "Patient"}', FHIR_JSON), 400)
    refused(await _post(client, b"{", FHIR_JSON), 400)


async def test_content_is_replaced_under_its_id(client: httpx.AsyncClient) -> None:
    url = f"/Binary/{fresh()}"
    headers = {"Content-Type": "text/plain"}
    made = await client.put(url, content=b"one", headers=headers)
    assert (made.status_code, made.headers["etag"]) == (201, 'W/"1"')
    again = await client.put(url, content=b"one", headers=headers)
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"1"')
    stale = headers | {"If-Match": 'W/"7"'}
    refused(await client.put(url, content=b"two", headers=stale), 412)
    changed = await client.put(url, content=b"two", headers=headers | {"If-Match": 'W/"1"'})
    assert changed.status_code == 200
    assert [(await client.get(f"{url}/_history/{n}")).content for n in (1, 2)] == [b"one", b"two"]
    assert (await client.delete(url)).status_code == 204
    refused(await client.get(url), 410)


async def test_a_reader_that_has_it_needs_no_body(client: httpx.AsyncClient) -> None:
    url = f"/Binary/{(await _post(client, b'told', 'text/plain')).json()['id']}"
    for etag, status in (('W/"1"', 304), ('W/"2"', 200)):
        answer = await client.get(url, headers={"If-None-Match": etag})
        assert (answer.status_code, bool(answer.content)) == (status, status == 200)


async def test_the_context_of_its_security_goes_with_it(client: httpx.AsyncClient) -> None:
    subject = await created(client, patient())
    headers = {"Content-Type": "text/plain", "X-Security-Context": subject}
    made = await client.post("/Binary", content=b"told", headers=headers)
    assert made.json()["securityContext"] == {"reference": subject}
    answer = await client.get(f"/Binary/{made.json()['id']}")
    assert answer.headers["x-security-context"] == subject
    refused(await client.delete(f"/{subject}"), 409)

    content = {"Content-Type": "text/plain"}
    await client.put(f"/Binary/{made.json()['id']}", content=b"again", headers=content)
    later = await client.get(f"/Binary/{made.json()['id']}")
    assert (later.content, later.headers["x-security-context"]) == (b"again", subject)

    nobody = headers | {"X-Security-Context": "Patient/nobody"}
    refused(await client.post("/Binary", content=b"told", headers=nobody), 422)


@pytest.mark.parametrize(
    "said", ["text/plain\nX-Evil: 1", "nonsense", "text/plain; a", "text/\u00e9", "a/b;\tc=d"]
)
async def test_a_media_type_that_is_none_is_no_header(client: httpx.AsyncClient, said: str) -> None:
    told = _binary(b"told", said)
    answer = await client.post("/Binary", json=told)
    if answer.status_code == 422:
        assert places(answer) == ["Binary.contentType"]
        return
    read = await client.get(f"/Binary/{answer.json()['id']}")
    assert (read.status_code, read.content) == (200, b"told")
    assert read.headers["content-type"] == "application/octet-stream"
    assert "x-evil" not in read.headers


async def test_data_that_cannot_be_decoded_is_shown_in_fhir_s_form(
    client: httpx.AsyncClient,
) -> None:
    empty = await client.post("/Binary", json=_binary(b"", "text/plain"))
    answer = await client.get(f"/Binary/{empty.json()['id']}")
    assert (answer.status_code, answer.content) == (200, b"")
    odd = await client.post("/Binary", json=_binary(b"", "text/plain", data="A==="))
    if odd.status_code == 201:
        answer = await client.get(f"/Binary/{odd.json()['id']}")
        assert answer.json()["data"] == "A==="


async def test_content_may_be_as_large_as_a_resource(client: httpx.AsyncClient) -> None:
    largest = b"x" * 3_750_000
    made = await _post(client, largest, "application/octet-stream")
    assert made.status_code == 201
    url = f"/Binary/{made.json()['id']}"
    assert (await client.get(url)).content == largest
    octets = {"Content-Type": "application/octet-stream"}
    assert (await client.put(url, content=b"less", headers=octets)).status_code == 200
    assert (await client.get(f"{url}/_history/1")).content == largest
    refused(await _post(client, b"x" * 3_750_001, "application/octet-stream"), 413)


async def test_a_binary_takes_no_patch(client: httpx.AsyncClient) -> None:
    url = f"/Binary/{(await _post(client, b'told', 'text/plain')).json()['id']}"
    headers = {"Content-Type": JSON_PATCH}
    answer = await client.patch(url, content=b"[]", headers=headers)
    refused(answer, 405)
    assert "PATCH" not in answer.headers["allow"]
    assert (await client.get(url)).headers["etag"] == 'W/"1"'


async def test_an_empty_body_is_no_binary(client: httpx.AsyncClient, all_in_one: Programs) -> None:
    answer = await send(all_in_one, "POST", "/fhir/Binary", headers={"Content-Type": "text/plain"})
    refused(answer, 400)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_in_a_bundle_it_stands_in_fhir_s_form(client: httpx.AsyncClient, kind: str) -> None:
    answer = await run(client, kind, entry("POST", "Binary", _binary(b"told", "text/plain")))
    made = answer.json()["entry"][0]["resource"]
    read = await run(client, kind, entry("GET", f"Binary/{made['id']}"))
    assert read.json()["entry"][0]["resource"] == made
