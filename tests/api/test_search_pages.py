"""Pages of a search over HTTP: links, signed keys, and walks while others write.

https://hl7.org/fhir/R4/http.html#paging
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.api.resources import (
    created,
    fresh,
    identified,
    link,
    matches,
    post,
    refused,
    run,
    updated,
)

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

PEOPLE = 23


async def _people(client: httpx.AsyncClient, number: int = PEOPLE) -> str:
    """Some people of one mark, each with another name and date of birth."""
    mark = fresh()
    told = [
        identified(mark, name=[{"family": f"F{i % 7}"}], birthDate=f"19{10 + i % 5}-01-01")
        for i in range(number)
    ]
    answer = await run(client, "transaction", *(post(each) for each in told))
    assert answer.status_code == 200
    return mark


async def _walk(client: httpx.AsyncClient, url: str | None, relation: str) -> list[list[str]]:
    pages = []
    while url is not None:
        answer = await client.get(url)
        pages.append(matches(answer))
        url = link(answer, relation)
    return pages


@pytest.mark.parametrize(
    "sort", [None, "_id", "-_lastUpdated", "family", "-birthdate,family", "birthdate,-_id"]
)
async def test_pages_follow_one_another_and_lead_back(
    client: httpx.AsyncClient, sort: str | None
) -> None:
    mark = await _people(client)
    url = f"/Patient?identifier={mark}" + ("" if sort is None else f"&_sort={sort}")
    whole = matches(await client.get(f"{url}&_count=1000"))
    assert len(set(whole)) == PEOPLE

    for size in (1, 7, PEOPLE, 100):
        pages = await _walk(client, f"{url}&_count={size}", "next")
        assert [each for page in pages for each in page] == whole
        assert all(len(page) == size for page in pages[:-1])

    last = await _last(client, f"{url}&_count=5")
    back = await _walk(client, last, "previous")
    assert [each for page in reversed(back) for each in page] == whole


async def _last(client: httpx.AsyncClient, url: str) -> str:
    following: str | None = url
    while following is not None:
        url, following = following, link(await client.get(following), "next")
    return url


async def test_a_page_names_itself_and_the_first(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    mark = await _people(client, 5)
    first = await client.get(f"/Patient?identifier={mark}&_count=2&_sort=_id")
    address = f"{all_in_one.fhir}/Patient?identifier={mark}&_count=2&_sort=_id"
    assert link(first, "self") == link(first, "first") == address
    assert link(first, "previous") is None

    following = link(first, "next")
    assert following is not None
    assert following.startswith(f"{address}&_page=")
    second = await client.get(following)
    assert link(second, "self") == following
    assert link(second, "first") == address
    assert len(first.json()["entry"]) == len(second.json()["entry"]) == 2
    assert set(matches(first)).isdisjoint(matches(second))
    again = link(second, "previous")
    assert again is not None
    assert matches(await client.get(again)) == matches(first)


async def test_a_page_key_that_was_changed_is_refused(client: httpx.AsyncClient) -> None:
    mark = await _people(client, 3)
    url = f"/Patient?identifier={mark}&_count=1"
    following = link(await client.get(url), "next")
    assert following is not None
    key = dict(parse_qsl(urlsplit(following).query))["_page"]
    assert (await client.get(f"{url}&_page={key}")).status_code == 200

    for bad in (
        "",
        "x",
        "ä",
        "=",
        key[:-1],
        key + "A",
        key[1:],
        ("B" if key[0] == "A" else "A") + key[1:],
        key[:30] + ("B" if key[30] == "A" else "A") + key[31:],
        "A" * len(key),
        "e30",
    ):
        refused(await client.get(f"{url}&_page={bad}"), 400)
    refused(await client.get(f"{url}&_page={key}&_page={key}"), 400)


async def test_a_page_key_belongs_to_one_search(client: httpx.AsyncClient) -> None:
    mark = await _people(client, 3)
    following = link(await client.get(f"/Patient?identifier={mark}&_count=1"), "next")
    assert following is not None
    key = dict(parse_qsl(urlsplit(following).query))["_page"]

    for other in (
        "/Patient?_count=1",
        f"/Patient?identifier={fresh()}&_count=1",
        f"/Patient?identifier={mark}&_count=1&_sort=family",
        f"/Encounter?identifier={mark}&_count=1",
        f"/Observation?identifier={mark}&_count=1",
    ):
        refused(await client.get(f"{other}&_page={key}"), 400)
    # How large a page is, and how it looks, may change on the way.
    assert (await client.get(f"/Patient?identifier={mark}&_count=2&_page={key}")).is_success


@pytest.mark.parametrize("sort", ["_id", "-_lastUpdated", "family,birthdate"])
async def test_a_walk_neither_repeats_nor_skips_while_others_write(
    client: httpx.AsyncClient, sort: str
) -> None:
    mark = await _people(client, 40)
    url = f"/Patient?identifier={mark}&_sort={sort}"
    there = matches(await client.get(f"{url}&_count=100"))
    leaving, staying = set(there[::4]), [each for each in there if each not in there[::4]]
    walking = asyncio.create_task(_walk(client, f"{url}&_count=3", "next"))

    for i, each in enumerate(sorted(leaving)):
        if i % 2:
            await client.delete(f"/Patient/{each}")
        else:
            told = identified(mark, id=each, name=[{"family": f"F{i}"}])
            await updated(client, told)
        await created(client, identified(mark, name=[{"family": f"F{i % 7}"}]))
    seen = [each for page in await walking for each in page]

    # What did not change is met once, in its order.
    assert [each for each in seen if each in staying] == staying


async def test_post_search_equals_get(client: httpx.AsyncClient) -> None:
    mark = await _people(client, 5)
    told = {"identifier": mark, "_count": "2", "_sort": "family"}
    got = await client.get("/Patient", params=told)
    posted = await client.post("/Patient/_search", data=told)
    assert posted.status_code == 200
    assert posted.content == got.content

    mixed = await client.post(
        "/Patient/_search?_count=2", data={"identifier": mark, "_sort": "family"}
    )
    assert matches(mixed) == matches(got)
    assert matches(await client.get(str(link(posted, "next"))))


async def test_a_search_by_post_takes_a_form_only(client: httpx.AsyncClient) -> None:
    body = b'{"identifier":"x"}'
    headers = {"Content-Type": "application/fhir+json"}
    refused(await client.post("/Patient/_search", content=body, headers=headers), 415)
    assert (await client.post("/Patient/_search")).status_code == 200
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = await client.post("/Patient/_search", content=b"_count=0&name=%C3%A4", headers=form)
    assert answer.status_code == 200
    refused(await client.post("/Patient/_search", content=b"name=\xff", headers=form), 400)
