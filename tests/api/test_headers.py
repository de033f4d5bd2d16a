"""Who acts, and the id of a request: what comes in by header and what goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.api.raw import send
from tests.api.resources import count, created, fresh, identified, patient, refused

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs


@pytest.mark.parametrize("given", ["a", "Req-1_2.3:4/5", "a" * 128, "00-4bf92f3577-01+/="])
async def test_the_id_of_a_request_is_echoed(
    client: httpx.AsyncClient, all_in_one: Programs, given: str
) -> None:
    headers = {"X-Request-Id": given}
    for url in (
        f"/Patient/{fresh()}",
        "/Patient?_count=0",
        "/Nothing",
        "/metadata",
        f"{all_in_one.intake}/Patient/{fresh()}",
        f"{all_in_one.plan}/metadata",
    ):
        answer = await client.get(url, headers=headers)
        assert answer.headers["x-request-id"] == given, url


@pytest.mark.parametrize(
    "given", [b"", b"a" * 129, b"a b", b"\xe4\xf6", b"<script>", b"a\tb", b'a"b', b"a;b"]
)
async def test_an_id_of_garbage_is_replaced(
    client: httpx.AsyncClient, all_in_one: Programs, given: bytes
) -> None:
    for base in (all_in_one.fhir, all_in_one.intake):
        answers = [
            await client.get(f"{base}/Patient/{fresh()}", headers=[(b"X-Request-Id", given)])
            for _ in range(2)
        ]
        made = {answer.headers["x-request-id"] for answer in answers}
        assert len(made) == 2
        assert given.decode("latin-1") not in made
        assert all(len(each) >= 32 for each in made)


@pytest.mark.parametrize(
    "actor",
    [
        "",
        "nobody",
        "Practitioner",
        "Practitioner/",
        "Practitioner/a b",
        "Practitioner/a/b",
        "Observation/1",
        "practitioner/1",
        "Practitioner/" + "a" * 65,
        "Practitioner/ä",
        "http://a.example/Practitioner/1",
        "Practitioner/1, Patient/2",
    ],
)
async def test_an_actor_that_is_none_is_refused(client: httpx.AsyncClient, actor: str) -> None:
    reference = await created(client, patient())
    headers = [(b"X-Stepdown-Actor", actor.encode())]
    answer = await client.get(f"/{reference}", headers=headers)
    assert "X-Stepdown-Actor" in refused(answer, 400)
    assert "a b" not in answer.text
    refused(await client.post("/Patient", json=patient(), headers=headers), 400)


@pytest.mark.parametrize("actor", ["Practitioner/1", "Organization/a.b", "Patient/x-1", "Device/d"])
async def test_a_reference_to_an_actor_is_taken(client: httpx.AsyncClient, actor: str) -> None:
    answer = await client.get("/Patient?_count=0", headers={"X-Stepdown-Actor": actor})
    assert answer.status_code == 200


async def test_without_an_actor_a_caller_is_anonymous(
    all_in_one: Programs,
) -> None:
    assert (await send(all_in_one, "GET", "/fhir/Patient?_count=0")).status_code == 200


async def test_answers_about_people_are_kept_by_no_cache(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    for url in (f"/{reference}", "/Patient?_count=1", f"/{reference}/_history", "/Patient/nobody"):
        answer = await client.get(url)
        assert answer.headers["cache-control"] == "no-store", url


async def test_a_header_in_several_lines_is_one_list(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    url, body = f"/{reference}", patient(id=reference.partition("/")[2], active=True)

    async def ask(method: str, name: str, *lines: str, **body: object) -> httpx.Response:
        headers = [("Content-Type", "application/json"), *((name, line) for line in lines)]
        return await client.request(method, url, headers=headers, json=body or None)

    answer = await ask("GET", "Accept", "application/fhir+xml", "application/fhir+json")
    assert answer.status_code == 200
    refused(await ask("GET", "Accept", "application/fhir+xml", "text/html"), 406)
    assert (await ask("GET", "If-None-Match", 'W/"7"', 'W/"1"')).status_code == 304
    refused(await ask("PUT", "If-Match", 'W/"7"', 'W/"8"', **body), 412)
    answer = await ask("PUT", "Prefer", "handling=strict", "return=minimal", **body)
    assert (answer.status_code, answer.content) == (200, b"")
    refused(await ask("GET", "X-Stepdown-Actor", "Practitioner/1", "Practitioner/2"), 400)


async def test_criteria_stand_in_one_header(client: httpx.AsyncClient) -> None:
    criteria = [("If-None-Exist", f"identifier={fresh()}") for _ in range(2)]
    refused(await client.post("/Patient", json=patient(), headers=criteria), 400)
    answer = await client.post("/Patient", json=patient(), headers=criteria[:1])
    assert answer.status_code == 201


async def test_criteria_in_a_header_are_encoded_or_utf_8(client: httpx.AsyncClient) -> None:
    value = f"Ä{fresh()}"
    await created(client, identified(value))
    for criteria in (f"identifier={quote(value)}".encode(), f"identifier={value}".encode()):
        told = [(b"If-None-Exist", criteria)]
        answer = await client.post("/Patient", json=identified(value), headers=told)
        assert answer.status_code == 200
    told = [(b"If-None-Exist", f"identifier={value}".encode("latin-1"))]
    refused(await client.post("/Patient", json=identified(value), headers=told), 400)
    assert await count(client, "Patient", identifier=value) == 1
