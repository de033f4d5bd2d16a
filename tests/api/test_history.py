"""FHIR history of one resource over HTTP. https://hl7.org/fhir/R4/http.html#history"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.resources import created, fresh, issues, link, patient, refused, updated

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs


async def _five_versions(client: httpx.AsyncClient) -> str:
    told = patient(id=fresh())
    for gender in ("male", "female", "other"):
        reference = await updated(client, told | {"gender": gender})
    await client.delete(f"/{reference}")
    return await updated(client, told | {"gender": "unknown"})


def _numbers(answer: httpx.Response) -> list[int]:
    entries = answer.json().get("entry", [])
    return [int(each["response"]["etag"][3:-1]) for each in entries]


async def test_a_history_lists_versions_newest_first_and_deletions_without_resource(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    reference = await _five_versions(client)
    answer = await client.get(f"/{reference}/_history")

    assert answer.status_code == 200
    told = answer.json()
    assert (told["resourceType"], told["type"]) == ("Bundle", "history")
    assert _numbers(answer) == [5, 4, 3, 2, 1]
    entries = told["entry"]
    assert [each["request"]["method"] for each in entries] == ["PUT", "DELETE", *["PUT"] * 3]
    assert ["resource" in each for each in entries] == [True, False, True, True, True]
    assert {each["fullUrl"] for each in entries} == {f"{all_in_one.fhir}/{reference}"}
    assert [each["response"]["status"][:3] for each in entries] == [
        "201", "204", "200", "200", "201",
    ]  # fmt: skip
    assert all(each["response"]["lastModified"].endswith("Z") for each in entries)
    dates = [each["response"]["lastModified"] for each in entries]
    assert dates == sorted(dates, reverse=True)
    assert [each["resource"]["gender"] for each in entries if "resource" in each] == [
        "unknown", "other", "female", "male",
    ]  # fmt: skip


async def test_a_history_comes_in_pages(client: httpx.AsyncClient) -> None:
    reference = await _five_versions(client)
    url: str | None = f"/{reference}/_history?_count=2"
    pages = []
    while url is not None:
        answer = await client.get(url)
        pages.append(_numbers(answer))
        url = link(answer, "next")
    assert pages == [[5, 4], [3, 2], [1]]


async def test_a_page_of_a_history_stays_the_same_while_others_write(
    client: httpx.AsyncClient,
) -> None:
    told = patient(id=fresh(), active=True)
    reference = await updated(client, told)
    await updated(client, told | {"active": False})
    first = await client.get(f"/{reference}/_history?_count=1")
    await updated(client, told | {"gender": "other"})

    following = link(first, "next")
    assert following is not None
    assert _numbers(first) == [2]
    assert _numbers(await client.get(following)) == [1]


async def test_the_history_of_what_never_was_is_not_found_and_of_what_was_deleted_is_there(
    client: httpx.AsyncClient,
) -> None:
    refused(await client.get(f"/Patient/{fresh()}/_history"), 404)

    reference = await created(client, patient())
    await client.delete(f"/{reference}")
    answer = await client.get(f"/{reference}/_history")
    assert _numbers(answer) == [2, 1]
    assert answer.json()["entry"][1]["request"] == {"method": "POST", "url": "Patient"}


@pytest.mark.parametrize(
    "query",
    [
        "_count=x",
        "_count=-1",
        "_before=1",
        "nonsense=1",
        "_sort=_id",
        "_since=yesterday",
        "_since=",
        "_at=2026-02-30",
        "_page=x",
        "_count=1&_count=1",
    ],
)
async def test_a_parameter_that_a_history_does_not_take_is_refused(
    client: httpx.AsyncClient, query: str
) -> None:
    reference = await created(client, patient())
    refused(await client.get(f"/{reference}/_history?{query}"), 400)
    assert (await client.get(f"/{reference}/_history?_count=1")).status_code == 200


async def test_since_and_at_choose_versions(client: httpx.AsyncClient) -> None:
    reference = await _five_versions(client)
    whole = (await client.get(f"/{reference}/_history")).json()["entry"]
    times = {
        int(each["response"]["etag"][3:-1]): each["response"]["lastModified"] for each in whole
    }

    async def numbers(query: str) -> list[int]:
        return _numbers(await client.get(f"/{reference}/_history?{query}"))

    assert await numbers(f"_since={times[3]}") == [5, 4, 3]
    assert await numbers("_since=2999") == []
    assert await numbers("_since=2001-01-01") == [5, 4, 3, 2, 1]
    # An address makes a blank of a + that a client does not encode, as HAPI's does not.
    offset = times[3].replace("Z", "+00:00")
    assert await numbers(f"_since={offset}") == [5, 4, 3]
    # An instant of the record is a whole millisecond.
    assert await numbers(f"_at={times[2]}") == [2]
    assert await numbers(f"_at={times[4][:4]}") == [5, 4, 3, 2, 1]
    assert await numbers("_at=2001") == []
    assert await numbers("_at=2999") == [5]
    assert await numbers(f"_at={times[4][:4]}&_since={times[4]}") == [5, 4]


async def test_a_page_belongs_to_its_history(client: httpx.AsyncClient) -> None:
    reference, other = await _five_versions(client), await _five_versions(client)
    following = link(await client.get(f"/{reference}/_history?_count=2"), "next")
    assert following is not None
    page = following.partition("_page=")[2]
    for url in (
        f"/{other}/_history?_page={page}",
        f"/{reference}/_history?_since=2020&_page={page}",
    ):
        refused(await client.get(url), 400)
    assert _numbers(await client.get(f"/{reference}/_history?_count=1&_page={page}")) == [3]


async def test_a_history_of_count_zero_has_no_entries(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    answer = await client.get(f"/{reference}/_history?_count=0")
    assert answer.status_code == 200
    assert "entry" not in answer.json()


async def test_head_of_a_history_has_no_body(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    answer = await client.head(f"/{reference}/_history")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_history_takes_no_write(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    answer = await client.post(f"/{reference}/_history", json=patient())
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert issues(answer)
