"""`_summary` and `_elements` over HTTP. https://hl7.org/fhir/R4/search.html#summary"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import (
    count,
    created,
    entry,
    fresh,
    identified,
    patient,
    refused,
    run,
    updated,
)

if TYPE_CHECKING:
    import httpx

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'
NARRATIVE = {"status": "generated", "div": DIV}
TAG = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
ALWAYS = {"resourceType", "id", "meta"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
PRECISE = (
    b'{"resourceType":"Observation","status":"final","code":{"text":"x"},'
    b'"valueQuantity":{"value":1.10},"note":[{"text":"slept"}]}'
)


def whole(**elements: object) -> dict[str, Any]:
    """A Patient with something for every way to cut."""
    return patient(
        text=NARRATIVE,
        active=True,
        name=[{"family": "Oak"}],
        birthDate="1980-02-03",
        contact=[{"name": {"text": "Elm"}}],
        **elements,
    )


KEPT = {
    "_summary=true": {"active", "name", "birthDate"},
    "_summary=text": {"text", "active"},
    "_summary=data": {"active", "name", "birthDate", "contact"},
    "_elements=contact": {"active", "contact"},
    "_elements=name,birthDate": {"active", "name", "birthDate"},
    "_elements=name&_summary=false": {"active", "name"},
}


@pytest.mark.parametrize(("asked", "kept"), KEPT.items())
async def test_a_read_shows_what_is_asked_for_and_says_that_it_is_cut(
    client: httpx.AsyncClient, asked: str, kept: set[str]
) -> None:
    reference = await created(client, whole())
    full = await client.get(f"/{reference}")
    for url in (reference, f"{reference}/_history/1"):
        answer = await client.get(f"/{url}?{asked}")
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == ALWAYS | kept
        assert answer.json()["meta"] == full.json()["meta"] | {"tag": [TAG]}
        assert all(answer.json()[name] == full.json()[name] for name in kept)
        assert answer.headers["etag"] == full.headers["etag"]
        head = await client.head(f"/{url}?{asked}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == answer.headers["content-length"]


async def test_what_is_not_cut_comes_as_the_bytes_that_are_stored(
    client: httpx.AsyncClient,
) -> None:
    reference = await created(client, patient(active=True))
    stored = (await client.get(f"/{reference}")).content
    for asked in ("_summary=false", "_summary=true", "_summary=data", "_elements=active"):
        assert (await client.get(f"/{reference}?{asked}")).content == stored


async def test_every_digit_of_what_stays_is_kept(client: httpx.AsyncClient) -> None:
    url = (await client.post("/Observation", content=PRECISE)).headers["location"]
    answer = await client.get(f"{url}?_summary=true&_pretty=true")
    assert b'"value": 1.10\n' in answer.content
    assert b"slept" not in answer.content


async def test_a_read_that_brings_nothing_new_is_304_however_it_is_shown(
    client: httpx.AsyncClient,
) -> None:
    reference = await created(client, whole())
    url = f"/{reference}?_summary=true"
    assert (await client.get(url, headers={"If-None-Match": 'W/"1"'})).status_code == 304
    assert (await client.get(url, headers={"If-None-Match": 'W/"2"'})).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        "_summary=count",
        "_summary=maybe",
        "_summary=",
        "_summary=true&_summary=true",
        "_elements=nothing",
        "_elements=name.family",
        "_elements=",
        "_elements=name,",
        "_elements=name&_elements=active",
        "_elements=name&_summary=true",
    ],
)
async def test_what_cannot_be_shown_so_is_refused(client: httpx.AsyncClient, asked: str) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    for url in (reference, f"{reference}/_history/1", f"{reference}/_history", "Patient/_history"):
        refused(await client.get(f"/{url}?{asked}"), 400)
        assert (await client.get(f"/{url}?_summary=true&_format=json")).status_code == 200
    if asked != "_summary=count":
        refused(await client.get(f"/Patient?identifier={value}&{asked}"), 400)
    assert (await client.get(f"/Patient?identifier={value}&_elements=name")).status_code == 200


@pytest.mark.parametrize(("asked", "kept"), KEPT.items())
async def test_a_write_shows_so_what_it_stored(
    client: httpx.AsyncClient, asked: str, kept: set[str]
) -> None:
    value = fresh()
    told = whole(**identified(value))
    made = await client.post(f"/Patient?{asked}", json=told)
    url = f"/Patient/{made.json()['id']}"
    changed = await client.put(f"{url}?{asked}", json=told | {"id": url[9:], "active": False})
    matched = await client.put(f"/Patient?identifier={value}&{asked}", json=told)
    again = entry("PUT", f"Patient?identifier={value}&{asked}", told | {"active": False})
    bundled = await run(client, "transaction", again)

    inner = bundled.json()["entry"][0]["resource"]
    for content in (made.json(), changed.json(), matched.json(), inner):
        assert content.keys() - {"identifier"} == ALWAYS | kept
        assert content["meta"]["tag"] == [TAG]
    stored = (await client.get(url)).json()
    assert stored["meta"]["versionId"] == "4"
    assert stored.keys() == told.keys() | ALWAYS
    assert "tag" not in stored["meta"]

    patch = [{"op": "replace", "path": "/active", "value": True}]
    patched = await client.patch(f"{url}?_elements=active", json=patch, headers=JSON_PATCH)
    assert patched.json().keys() == ALWAYS | {"active"}
    deleted = await client.delete(f"{url}?_summary=true")
    assert (deleted.status_code, deleted.content) == (204, b"")


async def test_a_write_whose_answer_cannot_be_shown_so_writes_nothing(
    client: httpx.AsyncClient,
) -> None:
    told = identified(fresh(), id=fresh())
    for asked in ("_summary=count", "_elements=nothing", "_summary=true&_summary=true"):
        refused(await client.put(f"/Patient/{told['id']}?{asked}", json=told), 400)
        refused(await client.post(f"/Patient?{asked}", json=told), 400)
    assert await count(client, "Patient", identifier=told["identifier"][0]["value"]) == 0
    assert (await client.put(f"/Patient/{told['id']}?_summary=true", json=told)).status_code == 201


@pytest.mark.parametrize(("asked", "kept"), KEPT.items())
async def test_a_search_shows_its_matches_so_and_its_links_keep_it(
    client: httpx.AsyncClient, asked: str, kept: set[str]
) -> None:
    value = fresh()
    for _ in range(2):
        await created(client, whole(identifier=[{"value": value}]))
    answer = await client.get(f"/Patient?identifier={value}&_count=1&{asked}")
    links = {each["relation"]: each["url"] for each in answer.json()["link"]}
    for page in (answer, await client.get(links["next"])):
        (match,) = page.json()["entry"]
        identifier = {"identifier"} if asked in {"_summary=true", "_summary=data"} else set()
        assert match["resource"].keys() == ALWAYS | kept | identifier
        assert match["resource"]["meta"]["tag"] == [TAG]
        assert match["search"] == {"mode": "match"}


async def test_an_outcome_beside_the_matches_is_not_cut(client: httpx.AsyncClient) -> None:
    value = fresh()
    await created(client, whole(identifier=[{"value": value}]))
    answer = await client.get(
        f"/Patient?identifier={value}&nonsense=1&_summary=text",
        headers={"Prefer": "handling=lenient"},
    )
    match, outcome = answer.json()["entry"]
    assert match["resource"]["meta"]["tag"] == [TAG]
    assert "nonsense" in outcome["resource"]["issue"][0]["diagnostics"]
    assert "meta" not in outcome["resource"]


async def test_a_count_gives_the_number_alone(client: httpx.AsyncClient) -> None:
    value = fresh()
    await created(client, whole(identifier=[{"value": value}]))
    answer = await client.get(f"/Patient?identifier={value}&_summary=count")
    assert answer.json()["total"] == 1
    assert "entry" not in answer.json()


async def test_a_history_shows_its_versions_so(client: httpx.AsyncClient) -> None:
    reference = await updated(client, whole(id=fresh()))
    await client.delete(f"/{reference}")
    for url in (f"{reference}/_history", "Patient/_history", "_history"):
        answer = await client.get(f"/{url}?_count=2&_elements=name")
        deletion, first = answer.json()["entry"]
        assert "resource" not in deletion
        assert first["resource"].keys() == ALWAYS | {"active", "name"}
        assert first["resource"]["meta"]["tag"] == [TAG]
        (link,) = (each for each in answer.json()["link"] if each["relation"] == "self")
        assert "_elements=name" in link["url"]


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_entries_of_a_bundle_show_so_too(client: httpx.AsyncClient, kind: str) -> None:
    reference = await created(client, whole())
    answer = await run(client, kind, entry("GET", f"{reference}?_summary=text"))
    (told,) = answer.json()["entry"]
    assert told["resource"].keys() == ALWAYS | {"text", "active"}


@pytest.mark.parametrize("asked", ["_summary=true", "_elements=name"])
async def test_what_was_cut_cannot_be_written_back(client: httpx.AsyncClient, asked: str) -> None:
    reference = await created(client, whole())
    full = await client.get(f"/{reference}")
    part = (await client.get(f"/{reference}?{asked}")).json()
    refused(await client.put(f"/{reference}", json=part), 422)
    refused(await run(client, "transaction", entry("PUT", reference, part)), 422)
    refused(await client.post("/Patient", json=part), 422)
    assert (await client.put(f"/{reference}", json=full.json())).status_code == 200
    assert (await client.get(f"/{reference}")).content == full.content


async def test_a_binary_that_is_cut_comes_as_json(client: httpx.AsyncClient) -> None:
    sent = {"Content-Type": "text/plain"}
    url = (await client.post("/Binary", content=b"slept well", headers=sent)).headers["location"]
    raw = await client.get(url, headers={"Accept": "text/plain"})
    assert raw.content == b"slept well"
    cut = await client.get(f"{url}?_summary=true", headers={"Accept": "*/*"})
    assert cut.json().keys() == ALWAYS | {"contentType"}
    assert cut.json()["meta"]["tag"] == [TAG]


async def test_an_audit_event_is_shown_so_too(client: httpx.AsyncClient) -> None:
    await created(client, whole())
    answer = await client.get("/AuditEvent?_count=1&_elements=recorded")
    (match,) = answer.json()["entry"]
    required = {"type", "recorded", "agent", "source"}
    assert match["resource"].keys() == ALWAYS | required
    one = await client.get(f"/AuditEvent/{match['resource']['id']}?_elements=recorded")
    assert one.json() == match["resource"]
