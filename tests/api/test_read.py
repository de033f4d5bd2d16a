"""FHIR read and vread over HTTP. https://hl7.org/fhir/R4/http.html#read"""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from tests.api.resources import created, fresh, patient, refused, updated

if TYPE_CHECKING:
    import httpx

PRECISE = b'{"resourceType":"Patient","extension":[{"url":"http://a.example","valueDecimal":1.10}]}'


async def test_a_read_gives_the_resource_with_its_version_and_date(
    client: httpx.AsyncClient,
) -> None:
    reference = await created(client, patient(active=True))
    answer = await client.get(f"/{reference}")

    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    at = parsedate_to_datetime(answer.headers["last-modified"])
    assert answer.json()["meta"]["lastUpdated"].startswith(at.strftime("%Y-%m-%dT%H:%M:%S"))
    assert answer.json()["active"] is True


async def test_what_never_was_is_not_found_and_what_was_deleted_is_gone(
    client: httpx.AsyncClient,
) -> None:
    refused(await client.get(f"/Patient/{fresh()}"), 404)

    reference = await created(client, patient())
    await client.delete(f"/{reference}")
    answer = await client.get(f"/{reference}")
    refused(answer, 410)
    assert answer.headers["etag"] == 'W/"2"'


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ('W/"1"', 304),
        ('"1"', 304),
        ('W/"7", W/"1"', 304),
        ("*", 304),
        ('W/"2"', 200),
        ('"of-another-server"', 200),
        ("1", 304),
        ("2", 200),
        ('W/"1', 400),
        ("", 400),
    ],
)
async def test_if_none_match_spares_the_body_that_the_client_has(
    client: httpx.AsyncClient, told: str, status: int
) -> None:
    reference = await created(client, patient())
    answer = await client.get(f"/{reference}", headers={"If-None-Match": told})

    assert answer.status_code == status, answer.text
    if status == 304:
        assert answer.content == b""
        assert answer.headers["etag"] == 'W/"1"'


async def test_if_modified_since_spares_the_body_that_did_not_change(
    client: httpx.AsyncClient,
) -> None:
    reference = await created(client, patient())
    at = parsedate_to_datetime((await client.get(f"/{reference}")).headers["last-modified"])

    async def status(since: str) -> int:
        answer = await client.get(f"/{reference}", headers={"If-Modified-Since": since})
        return answer.status_code

    assert await status(format_datetime(at, usegmt=True)) == 304
    assert await status(format_datetime(at + timedelta(hours=1), usegmt=True)) == 304
    assert await status(format_datetime(at - timedelta(seconds=1), usegmt=True)) == 200
    assert await status("yesterday") == 200
    assert await status("Mon, 01 Jan 2001 00:00:00") == 200


async def test_if_none_match_rules_over_if_modified_since(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    at = (await client.get(f"/{reference}")).headers["last-modified"]
    headers = {"If-None-Match": 'W/"9"', "If-Modified-Since": at}
    assert (await client.get(f"/{reference}", headers=headers)).status_code == 200


async def test_head_answers_as_get_without_the_body(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    get, head = await client.get(f"/{reference}"), await client.head(f"/{reference}")

    assert head.status_code == 200
    assert head.content == b""
    for name in ("etag", "last-modified", "content-type", "content-length"):
        assert head.headers[name] == get.headers[name]
    assert (await client.head(f"/Patient/{fresh()}")).status_code == 404


async def test_pretty_indents_and_keeps_every_digit(client: httpx.AsyncClient) -> None:
    reference = (await client.post("/Patient", content=PRECISE)).headers["location"]
    plain = await client.get(reference)
    pretty = await client.get(reference, params={"_pretty": "true"})

    assert b'"valueDecimal": 1.10\n' in pretty.content
    assert plain.json() == pretty.json()
    assert b"\n" not in plain.content
    assert (await client.get(reference, params={"_pretty": "false"})).content == plain.content


async def test_a_read_takes_no_search_parameter(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    refused(await client.get(f"/{reference}", params={"name": "x"}), 400)
    assert (await client.get(f"/{reference}", params={"_format": "json"})).status_code == 200


async def test_each_version_can_be_read(client: httpx.AsyncClient) -> None:
    told = patient(id=fresh(), active=True)
    reference = await updated(client, told)
    await updated(client, told | {"active": False})

    first = await client.get(f"/{reference}/_history/1")
    second = await client.get(f"/{reference}/_history/2")

    assert (first.json()["active"], first.headers["etag"]) == (True, 'W/"1"')
    assert (second.json()["active"], second.headers["etag"]) == (False, 'W/"2"')
    assert first.headers["last-modified"]
    assert second.content == (await client.get(f"/{reference}")).content


async def test_a_version_that_never_was_is_not_found_and_a_deletion_is_gone(
    client: httpx.AsyncClient,
) -> None:
    reference = await created(client, patient())
    await client.delete(f"/{reference}")

    assert (await client.get(f"/{reference}/_history/1")).status_code == 200
    refused(await client.get(f"/{reference}/_history/2"), 410)
    for never in ("3", "0", "-1", "x", "1.0", "01", "99999999999"):
        refused(await client.get(f"/{reference}/_history/{never}"), 404)
    refused(await client.get(f"/Patient/{fresh()}/_history/1"), 404)


async def test_a_version_too_is_spared_when_the_client_has_it(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    url = f"/{reference}/_history/1"
    assert (await client.get(url, headers={"If-None-Match": 'W/"1"'})).status_code == 304
    assert (await client.get(url, headers={"If-None-Match": 'W/"2"'})).status_code == 200
    assert (await client.get(url, headers={"If-None-Match": "1"})).status_code == 304
    assert (await client.get(url, headers={"If-None-Match": "2"})).status_code == 200
