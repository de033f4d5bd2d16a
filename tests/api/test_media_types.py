"""Media types, character sets and compression. https://hl7.org/fhir/R4/http.html#mime-type"""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.api.raw import send
from tests.api.resources import created, fresh, patient, post, refused, run

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

BODY = json.dumps(patient(name=[{"family": "Müller"}]), ensure_ascii=False).encode()


async def _post(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/Patient", content=content, headers=told)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/fhir+json",
        "application/fhir+json; charset=utf-8",
        'application/fhir+json;charset="UTF-8"',
        "application/fhir+json; fhirVersion=4.0",
        "application/json",
        "Application/JSON; charset=utf8",
    ],
)
async def test_json_is_taken(client: httpx.AsyncClient, media_type: str) -> None:
    answer = await _post(client, BODY, Content_Type=media_type)
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"][0]["family"] == "Müller"


async def test_a_body_without_a_type_is_taken_as_json(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    answer = await send(all_in_one, "POST", "/fhir/Patient", body=BODY)
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "media_type",
    [
        "application/fhir+xml",
        "application/xml",
        "text/xml",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json-patch+json",
        "application/fhir+ndjson",
        "application/octet-stream",
        "json",
        "",
        "application/fhir+json; charset=iso-8859-1",
        "application/fhir+json; charset=utf-16",
        'application/json; x="charset=utf-8"; charset=latin1',
        "application/fhir+json; fhirVersion=3.0",
        'application/fhir+json; charset=utf-8; fhirVersion="5.0"',
    ],
)
async def test_another_type_or_character_set_is_refused(
    client: httpx.AsyncClient, media_type: str
) -> None:
    refused(await _post(client, BODY, Content_Type=media_type), 415)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/fhir+json", 200),
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("application/json, text/plain, */*", 200),
        ("application/fhir+xml, application/fhir+json;q=0.5", 200),
        ("APPLICATION/JSON", 200),
        ("*/*", 200),
        ("application/*;q=0.8", 200),
        ("application/fhir+json; fhirVersion=3.0, application/fhir+json; fhirVersion=4.0", 200),
        ("text/html, application/fhir+json; q=0.001", 200),
        ("application/fhir+xml", 406),
        ("application/fhir+json; fhirVersion=3.0", 406),
        ("application/fhir+json; q=0, text/html", 406),
        ("application/json;q=0.000;charset=utf-8", 406),
        ("text/html", 406),
        ("text/html, application/xhtml+xml, application/xml;q=0.9", 406),
        ("image/*", 406),
        ("application/fhir+turtle", 406),
    ],
)
async def test_the_answer_is_json_or_not_acceptable(
    client: httpx.AsyncClient, accept: str, status: int
) -> None:
    for url in ("/Patient?_count=0", "/metadata"):
        answer = await client.get(url, headers={"Accept": accept})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("json", 200),
        ("application/json", 200),
        ("application/fhir%2Bjson", 200),
        ("application/fhir+json", 200),
        ("application/fhir%2Bjson;%20fhirVersion=4.0", 200),
        ("application/fhir%2Bjson;%20fhirVersion=5.0", 406),
        ("xml", 406),
        ("application/fhir%2Bxml", 406),
        ("text/html", 406),
        ("ttl", 406),
        ("../../etc/passwd", 406),
    ],
)
async def test_the_format_parameter_rules_over_the_header(
    client: httpx.AsyncClient, told: str, status: int
) -> None:
    reference = await created(client, patient())
    for accept in ("application/fhir+xml", "application/fhir+json"):
        answer = await client.get(f"/{reference}?_format={told}", headers={"Accept": accept})
        assert answer.status_code == status


async def test_a_refused_format_writes_nothing(client: httpx.AsyncClient) -> None:
    logical_id = fresh()
    told = patient(id=logical_id)
    headers = {"Accept": "application/fhir+xml"}
    refused(await client.put(f"/Patient/{logical_id}", json=told, headers=headers), 406)
    refused(await client.get(f"/Patient/{logical_id}"), 404)


async def test_one_layer_of_gzip_is_unpacked(client: httpx.AsyncClient) -> None:
    answer = await _post(client, gzip.compress(BODY), Content_Encoding="gzip")
    assert answer.status_code == 201
    assert answer.json()["name"][0]["family"] == "Müller"
    assert (await _post(client, BODY, Content_Encoding="identity")).status_code == 201


@pytest.mark.parametrize(
    ("encoding", "content", "status"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(BODY)), 415),
        ("deflate", zlib.compress(BODY), 415),
        ("br", BODY, 415),
        ("zstd", BODY, 415),
        ("gzip", gzip.compress(gzip.compress(BODY)), 400),
        ("gzip", BODY, 400),
        ("gzip", gzip.compress(BODY)[:-6], 400),
        ("gzip", gzip.compress(BODY) + b"x", 400),
        ("gzip", gzip.compress(BODY) * 2, 400),
        ("gzip", gzip.compress(BODY)[:-8] + bytes(8), 400),
        ("gzip", zlib.compress(BODY), 400),
        ("gzip", gzip.compress(b'{"a":"' + b" " * 30_000_000 + b'"}'), 413),
        ("gzip", gzip.compress(b" " * 60_000_000), 413),
    ],
    ids=[
        "two layers named",
        "deflate",
        "br",
        "zstd",
        "two layers in one",
        "not packed",
        "cut short",
        "a byte too much",
        "two members",
        "a wrong checksum",
        "zlib for gzip",
        "a bomb in JSON",
        "a bomb of blanks",
    ],
)
async def test_another_packing_or_a_bomb_is_refused(
    client: httpx.AsyncClient, encoding: str, content: bytes, status: int
) -> None:
    refused(await _post(client, content, Content_Encoding=encoding), status)


async def test_a_large_answer_is_packed_for_who_takes_it(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient(name=[{"family": "x" * 5000}]))
    packed = await client.get(f"/{reference}", headers={"Accept-Encoding": "gzip"})
    plain = await client.get(f"/{reference}", headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert int(packed.headers["content-length"]) < 1000
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["etag"] == plain.headers["etag"]


async def test_a_packed_bundle_runs(client: httpx.AsyncClient) -> None:
    told = {"resourceType": "Bundle", "type": "transaction", "entry": [post(patient())]}
    base = str(client.base_url).rstrip("/")
    content = gzip.compress(json.dumps(told).encode())
    answer = await client.post(base, content=content, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 200
    assert (await run(client, "transaction", post(patient()))).status_code == 200
