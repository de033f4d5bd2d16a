"""Searches over several types at once. https://hl7.org/fhir/R4/http.html#search"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.resources import created, fresh, identified, issues, link, observation, refused

if TYPE_CHECKING:
    import httpx

TAGS = "http://test.example/tags"


@pytest.fixture(scope="module")
async def tagged(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Resources of three types under one tag, as they were made."""
    tag = fresh()
    meta = {"tag": [{"system": TAGS, "code": tag}]}
    someone = await created(client, identified(tag, meta=meta))
    told = {"identifier": [{"value": tag}], "meta": meta}
    found = [someone]
    for _ in range(2):
        found.append(await created(client, observation(someone, **told)))
        found.append(await created(client, {"resourceType": "Organization", "name": "x", **told}))
    return tag, found


@pytest.fixture(scope="module")
async def dated(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Two resources of each of three types under one tag, on one day of February."""
    tag = fresh()
    meta = {"tag": [{"system": TAGS, "code": tag}]}
    someone = await created(client, identified(tag))
    about = {"meta": meta, "subject": {"reference": someone}}
    made = []
    for moment in ("2026-02-27T10:00:00Z", "2026-02-27T08:00:00Z"):
        ways = {"class": {"code": "AMB"}, "period": {"start": moment, "end": moment}}
        done = {"status": "completed", "performedDateTime": moment, "code": {"text": "x"}}
        made += [
            observation(someone, meta=meta, effectiveDateTime=moment),
            {"resourceType": "Encounter", "status": "finished", **ways, **about},
            {"resourceType": "Procedure", **done, **about},
        ]
    return tag, [await created(client, each) for each in made]


async def walked(client: httpx.AsyncClient, asked: str, following: str = "next") -> list[str]:
    """List what a search shows, page by page."""
    found: list[str] = []
    url: str | None = asked
    while url:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        found += [
            f"{each['resource']['resourceType']}/{each['resource']['id']}"
            for each in answer.json().get("entry", ())
        ]
        url = link(answer, following)
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 50])
async def test_pages_over_all_types_join_to_the_whole(
    client: httpx.AsyncClient, tagged: tuple[str, list[str]], count: int
) -> None:
    tag, every = tagged
    # Without a sort the order is the record's own, whatever service wrote.
    assert sorted(await walked(client, f"?_tag={tag}&_count={count}")) == sorted(every)
    assert await walked(client, f"?_tag={tag}&_count={count}&_sort=-_lastUpdated") == every[::-1]
    by_id = sorted(every, key=lambda each: each.partition("/")[2])
    assert await walked(client, f"?_tag={tag}&_count={count}&_sort=_id") == by_id


async def test_the_types_are_chosen(
    client: httpx.AsyncClient, tagged: tuple[str, list[str]]
) -> None:
    tag, every = tagged
    for types in (["Patient"], ["Organization", "Patient"], ["Observation", "Organization"]):
        expected = [each for each in every if each.partition("/")[0] in types]
        for criterion in (f"_tag={tag}", f"identifier={tag}"):
            asked = f"?_type={','.join(types)}&_sort=_lastUpdated&{criterion}"
            assert await walked(client, asked) == expected
    assert await walked(client, f"?_type=Group,Location&identifier={tag}") == []


async def test_pages_are_walked_back(
    client: httpx.AsyncClient, tagged: tuple[str, list[str]]
) -> None:
    tag, every = tagged
    first = await client.get(f"?_tag={tag}&_count=2")
    second = await client.get(link(first, "next") or "")
    again = await client.get(link(second, "previous") or "")
    assert again.json().get("entry") == first.json()["entry"]
    assert len(second.json()["entry"]) == 2
    assert every


async def test_all_of_them_are_counted(
    client: httpx.AsyncClient, tagged: tuple[str, list[str]]
) -> None:
    tag, every = tagged
    answer = await client.get(f"?_tag={tag}&_summary=count")
    assert (answer.json()["total"], "entry" in answer.json()) == (len(every), False)
    answer = await client.post("/_search", data={"_tag": tag, "_total": "accurate", "_count": "1"})
    assert (answer.json()["total"], len(answer.json()["entry"])) == (len(every), 1)
    base = str(client.base_url).rstrip("/")
    assert link(answer, "self") == f"{base}?_tag={tag}&_total=accurate&_count=1"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("?code=a", "share _id"),
        ("?_type=Observation,Patient&code=a", "share"),
        ("?_type=Observation,Nothing", "no resource type: Nothing"),
        ("?_type=AuditEvent,Patient", "AuditEvent"),
        ("?_type=Observation,Condition&_sort=value-quantity", "cannot be sorted by"),
        ("?_type=Observation,Condition&_sort=-code,onset-date", "'onset-date'"),
        ("?_type=Observation,Condition&_include=Encounter:subject", "begins at the matches"),
        ("?_type=Observation,Condition&_revinclude=Encounter:part-of", "leads to the matches"),
        ("?_type=Observation,Condition&_include=Observation:code", "no reference"),
        ("?_type=Flag,Condition&_include=Flag:subject&_summary=text", "_summary=text"),
        ("?_type=Observation,Condition&code:wrong=a", "no modifier"),
        ("?_page=AAAA", "page key"),
        ("?_filter=a", "not a search parameter"),
    ],
)
async def test_what_several_types_do_not_share_is_refused(
    client: httpx.AsyncClient, asked: str, reason: str
) -> None:
    assert reason in refused(await client.get(asked), 400)


@pytest.mark.parametrize("count", [1, 2, 50])
@pytest.mark.parametrize(
    ("asked", "types"),
    [
        ("date=2026-02-27", "Encounter,Observation"),
        ("date=ge2026-02-26", "Observation,Procedure,Encounter"),
        ("_lastUpdated=gt2026-01-01", "Observation,Procedure,Encounter"),
        ("date=lt2026-03-01&_lastUpdated=gt2026-01-01", "Procedure,Encounter"),
    ],
)
async def test_types_with_dates_of_their_own_are_walked_together(
    client: httpx.AsyncClient, dated: tuple[str, list[str]], asked: str, types: str, count: int
) -> None:
    tag, every = dated
    expected = sorted(each for each in every if each.partition("/")[0] in types)
    url = f"?_type={types}&_tag={tag}&{asked}&_count={count}"
    assert sorted(await walked(client, url)) == expected


@pytest.mark.parametrize("count", [1, 2, 50])
async def test_types_are_sorted_together_by_a_date_of_each(
    client: httpx.AsyncClient, count: int
) -> None:
    tag = fresh()
    meta = {"tag": [{"system": TAGS, "code": tag}]}
    someone = await created(client, identified(tag))
    done = {"resourceType": "Procedure", "status": "completed", "meta": meta}
    done |= {"subject": {"reference": someone}}
    # The date of the one is the main date of its type; one of the other has none.
    made = [
        {**done, "performedDateTime": "2026-02-27T10:00:00Z"},
        observation(someone, meta=meta),
        observation(someone, meta=meta, effectiveDateTime="2026-02-27T09:00:00Z"),
        {**done, "performedDateTime": "2026-02-27T08:00:00Z"},
        done,
        observation(someone, meta=meta, effectiveDateTime="2026-02-27T11:00:00Z"),
    ]
    ten, undated, nine, eight, never, eleven = [await created(client, each) for each in made]
    asked = f"?_type=Procedure,Observation&_tag={tag}&_count={count}&_sort="
    down, up = [eleven, ten, nine, eight], [eight, nine, ten, eleven]
    assert await walked(client, f"{asked}-date") == [*down, never, undated]
    assert await walked(client, f"{asked}date") == [*up, undated, never]
    assert await walked(client, f"{asked}patient,-date") == [*down, undated, never]
    last = await client.get(f"{asked}-date")
    while onward := link(last, "next"):
        last = await client.get(onward)
    back = await walked(client, link(last, "self") or "", "previous")
    assert sorted(back) == sorted([*down, never, undated])


async def test_includes_go_with_several_types(
    client: httpx.AsyncClient, tagged: tuple[str, list[str]]
) -> None:
    tag, [someone, first, unit, second, _] = tagged
    asked = f"?_type=Observation,Organization&_tag={tag}&_sort=_lastUpdated"
    answer = await client.get(f"{asked}&_count=3&_include=Observation:subject")
    shown = [
        (each["search"]["mode"], f"{found['resourceType']}/{found['id']}")
        for each in answer.json()["entry"]
        for found in [each["resource"]]
    ]
    assert shown == [("match", first), ("match", unit), ("match", second), ("include", someone)]
    onward = await client.get(link(answer, "next") or "")
    assert [each["search"]["mode"] for each in onward.json()["entry"]] == ["match"]


async def test_the_members_of_a_list_are_found(
    client: httpx.AsyncClient, tagged: tuple[str, list[str]]
) -> None:
    tag, [someone, *others] = tagged
    items = [{"item": {"reference": each}} for each in (someone, others[0])]
    told = {"resourceType": "List", "status": "current", "mode": "working", "entry": items}
    kept = await created(client, told)
    for name in (kept, kept.partition("/")[2], f"{kept},List/none"):
        assert sorted(await walked(client, f"?_list={name}")) == sorted([someone, others[0]])
        assert await walked(client, f"/Patient?_list={name}") == [someone]
        assert await walked(client, f"/Observation?_list={name}&_tag={tag}") == [others[0]]
    assert await walked(client, "/Patient?_list=none") == []
    refused(await client.get("/Patient?_list=$current-problems"), 400)


async def test_a_lenient_search_tells_what_it_skipped(
    client: httpx.AsyncClient, tagged: tuple[str, list[str]]
) -> None:
    tag, every = tagged
    lenient = {"Prefer": "handling=lenient"}
    answer = await client.get(f"?_tag={tag}&code=a", headers=lenient)
    *entries, outcome = answer.json()["entry"]
    assert len(entries) == len(every)
    assert "Skipped" in outcome["resource"]["issue"][0]["diagnostics"]
    assert issues(await client.get(f"?_tag={tag}&code=a"))


async def test_it_stands_in_a_batch_too(
    client: httpx.AsyncClient, tagged: tuple[str, list[str]]
) -> None:
    tag, every = tagged
    entry = {"request": {"method": "GET", "url": f"?_tag={tag}"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    [answer] = (await client.post("", json=bundle)).json()["entry"]
    assert len(answer["resource"]["entry"]) == len(every)
