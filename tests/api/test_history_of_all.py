"""FHIR history of a type and of the whole system. https://hl7.org/fhir/R4/http.html#history"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import (
    count,
    created,
    entry,
    fresh,
    identified,
    link,
    patient,
    refused,
    run,
    updated,
)

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs


async def _entries(client: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    """Follow a history to its end."""
    found: list[dict[str, Any]] = []
    following: str | None = url
    while following is not None:
        answer = await client.get(following)
        assert answer.status_code == 200, answer.text
        found += answer.json().get("entry", ())
        following = link(answer, "next")
    return found


def _place(each: dict[str, Any]) -> tuple[str, str]:
    return each["fullUrl"].split("/fhir/")[1], each["response"]["etag"]


async def _written(client: httpx.AsyncClient) -> tuple[str, str, str]:
    """Write a person and a group, change the person, delete the group; and say since when."""
    first = await updated(client, patient(id=fresh(), active=True))
    since = (await client.get(f"/{first}")).json()["meta"]["lastUpdated"]
    group = await created(client, {"resourceType": "Basic", "code": {"text": "x"}})
    await updated(client, patient(id=first.removeprefix("Patient/"), active=False))
    await client.delete(f"/{group}")
    return first, group, since


async def test_a_type_s_history_lists_all_its_versions_newest_first(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    reference, group, since = await _written(client)
    found = await _entries(client, f"/Basic/_history?_since={since}&_count=1")
    assert [_place(each) for each in found] == [(group, 'W/"2"'), (group, 'W/"1"')]
    assert [each["response"]["status"] for each in found] == ["204", "201"]
    assert [each["request"] for each in found] == [
        {"method": "DELETE", "url": group},
        {"method": "POST", "url": "Basic"},
    ]
    assert ["resource" in each for each in found] == [False, True]
    assert {each["fullUrl"] for each in found} == {f"{all_in_one.fhir}/{group}"}

    people = await _entries(client, f"/Patient/_history?_since={since}&_count=3")
    own = [_place(each)[1] for each in people if _place(each)[0] == reference]
    assert own == ['W/"2"', 'W/"1"']
    dates = [each["response"]["lastModified"] for each in people]
    assert dates == sorted(dates, reverse=True)


async def test_the_system_s_history_lists_the_versions_of_all_types(
    client: httpx.AsyncClient,
) -> None:
    reference, group, since = await _written(client)
    found = [_place(each) for each in await _entries(client, f"/_history?_since={since}&_count=2")]
    own = [each for each in found if each[0] in {reference, group}]
    assert own == [
        (group, 'W/"2"'),
        (reference, 'W/"2"'),
        (group, 'W/"1"'),
        (reference, 'W/"1"'),
    ]


async def test_at_shows_what_was_current_then(client: httpx.AsyncClient) -> None:
    reference, _, since = await _written(client)

    async def own(query: str) -> list[str]:
        found = [_place(each) for each in await _entries(client, f"/Patient/_history?{query}")]
        return [etag for place, etag in found if place == reference]

    assert await own(f"_at={since}&_since={since}") == ['W/"1"']
    assert await own(f"_at=2999&_since={since}") == ['W/"2"']
    assert await own(f"_at={since[:10]}&_since={since}") == ['W/"2"', 'W/"1"']
    assert await own("_at=2001") == []


async def test_pages_neither_repeat_nor_skip_while_others_write(
    client: httpx.AsyncClient,
) -> None:
    before = [await created(client, patient()) for _ in range(12)]
    since = (await client.get(f"/{before[0]}")).json()["meta"]["lastUpdated"]
    writing = True

    async def write() -> None:
        while writing:
            await created(client, patient())

    writer = asyncio.create_task(write())
    found = [
        _place(each)
        for each in await _entries(client, f"/Patient/_history?_since={since}&_count=2")
    ]
    writing = False
    await writer
    assert len(found) == len(set(found))
    assert {(each, 'W/"1"') for each in before} <= set(found)


@pytest.mark.parametrize("url", ["/Patient/_history", "/_history"])
async def test_what_a_history_does_not_take_is_refused(client: httpx.AsyncClient, url: str) -> None:
    await created(client, patient())
    for query in ("_count=x", "_since=x", "_at=2026-13", "_page=x", "name=a", "_sort=_id"):
        refused(await client.get(f"{url}?{query}"), 400)
    assert len((await client.get(f"{url}?_count=1")).json()["entry"]) == 1
    none = (await client.get(f"{url}?_count=0")).json()
    assert "entry" not in none
    head = await client.head(f"{url}?_count=1")
    assert (head.status_code, head.content) == (200, b"")
    refused(await client.delete(url), 405)


async def test_a_page_of_one_history_is_none_of_another(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await created(client, patient())
    following = link(await client.get("/Patient/_history?_count=1"), "next")
    assert following is not None
    page = following.partition("_page=")[2]
    refused(await client.get(f"/_history?_page={page}"), 400)
    refused(await client.get(f"/Basic/_history?_page={page}"), 400)
    assert (await client.get(f"/Patient/_history?_page={page}")).status_code == 200


async def test_a_type_s_history_belongs_to_its_owner_and_the_system_s_to_intake(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    plan, intake = all_in_one.base("plan"), all_in_one.base("intake")
    assert (await client.get(f"{plan}/CarePlan/_history")).status_code == 200
    assert "intake_api" in refused(await client.get(f"{plan}/Patient/_history"), 404)
    assert (await client.get(f"{intake}/_history?_count=1")).status_code == 200
    assert "intake_api" in refused(await client.get(f"{plan}/_history"), 404)
    refused(await client.get("/AuditEvent/_history"), 405)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_a_bundle_may_ask_for_histories(client: httpx.AsyncClient, kind: str) -> None:
    reference = await created(client, patient())
    asked = [f"{reference}/_history", "Patient/_history?_count=2", "_history?_count=1"]
    answer = await run(client, kind, *(entry("GET", each) for each in asked))
    assert answer.status_code == 200, answer.text
    found = [each["resource"] for each in answer.json()["entry"]]
    assert [each["type"] for each in found] == ["history"] * 3
    assert [len(each["entry"]) for each in found] == [1, 2, 1]


async def test_a_history_is_in_the_audit(client: httpx.AsyncClient) -> None:
    for code, url in (("history-type", "/Basic/_history"), ("history-system", "/_history")):
        mark = fresh()[:9]
        since = f"2999-01-01T00:00:00.{int(mark, 16) % 10**9:09d}Z"
        await client.get(f"{url}?_since={since}")
        found = await client.get(f"/AuditEvent?subtype={code}&_sort=-date&_count=20")
        assert any(each["resource"]["action"] == "R" for each in found.json()["entry"])


async def test_a_conditional_create_that_matched_makes_no_history(
    client: httpx.AsyncClient,
) -> None:
    value = fresh()
    told, condition = identified(value), {"If-None-Exist": f"identifier={value}"}
    made = (await client.post("/Patient", json=told, headers=condition)).json()
    await client.post("/Patient", json=told, headers=condition)
    since = made["meta"]["lastUpdated"]
    found = await _entries(client, f"/Patient/_history?_since={since}")
    assert [_place(each)[1] for each in found if _place(each)[0] == f"Patient/{made['id']}"] == [
        'W/"1"'
    ]
    assert await count(client, "Patient", identifier=value) == 1
