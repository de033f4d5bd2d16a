"""Search of one type over HTTP. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.resources import (
    SYSTEM,
    created,
    fresh,
    identified,
    issues,
    link,
    matches,
    observation,
    refused,
    updated,
)

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs


async def test_a_match_stands_with_its_address_and_mode(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    mark = fresh()
    reference = await created(client, identified(mark))
    answer = await client.get(f"/Patient?identifier={SYSTEM}|{mark}")
    [entry] = answer.json()["entry"]

    assert answer.json()["type"] == "searchset"
    assert entry["fullUrl"] == f"{all_in_one.fhir}/{reference}"
    assert entry["search"] == {"mode": "match"}
    assert entry["resource"] == (await client.get(f"/{reference}")).json()


async def test_every_kind_of_parameter_narrows(client: httpx.AsyncClient) -> None:
    mark = fresh()
    told = identified(
        mark, id=fresh(), gender="female", birthDate="1980-05-06", name=[{"family": "Ärger"}]
    )
    someone = await updated(client, told)
    logical_id = told["id"]
    measured = await created(client, observation(someone, effectiveDateTime="2020-02-03"))

    for asked in (
        f"_id={logical_id}",
        f"identifier={mark}&gender=female",
        f"identifier={mark}&gender=male,female",
        f"identifier={mark}&gender:not=male",
        f"identifier={mark}&birthdate=1980",
        f"identifier={mark}&birthdate=ge1980-05-06&birthdate=lt1980-05-07",
        f"identifier={mark}&family=arg",
        f"identifier={mark}&family:exact=Ärger",
        f"identifier={mark}&family:contains=RGE",
        f"identifier={mark}&phone:missing=true",
        f"identifier={mark}&_lastUpdated=ge2020-01-01",
    ):
        assert matches(await client.get(f"/Patient?{asked}")) == [logical_id], asked
    for asked in (
        f"_id={fresh()}",
        f"identifier={mark}&gender=male",
        f"identifier={mark}&gender:not=female",
        f"identifier={mark}&birthdate=1981",
        f"identifier={mark}&family:exact=ärger",
        f"identifier={mark}&phone:missing=false",
        f"identifier={mark}&_lastUpdated=lt2020-01-01",
        f"identifier={mark.upper()}",
        f"identifier=http://other.example|{mark}",
        f"identifier=|{mark}",
    ):
        assert matches(await client.get(f"/Patient?{asked}")) == [], asked
    for asked in (
        f"subject={someone}",
        f"patient={logical_id}",
        f"subject:Patient={logical_id}",
        f"subject={str(client.base_url).rstrip('/')}/{someone}",
        f"subject={someone}&date=2020-02",
    ):
        found = matches(await client.get(f"/Observation?{asked}"))
        assert found == [measured.partition("/")[2]], asked


@pytest.mark.parametrize(
    ("asked", "valid"),
    [
        ("nonsense=1", "birthdate"),
        ("name:nonsense=1", "exact"),
        ("gender:exact=male", "not"),
        ("_sort=nonsense", "_lastUpdated"),
        ("", None),
    ],
)
async def test_what_is_not_known_is_refused_with_what_is(
    client: httpx.AsyncClient, asked: str, valid: str | None
) -> None:
    for answer in (
        await client.get(f"/Patient?{asked}&_count=1"),
        await client.post(
            "/Patient/_search",
            content=f"{asked}&_count=1",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ),
    ):
        if valid is None:
            assert answer.status_code == 200
        else:
            assert valid in refused(answer, 400)


@pytest.mark.parametrize(
    "asked",
    [
        "birthdate=nonsense",
        "birthdate=2020-02-30",
        "_lastUpdated=xx2020",
        "_count=x",
        "_count=-1",
        "_total=many",
        "_summary=maybe",
        "phone:missing=maybe",
        "name=",
        "name=a,",
        "_id=",
        "_count=1&_count=2",
        "_filter=name eq x",
        "_query=x",
        "_contained=true",
        "name=%00",
        "&".join(f"name=a{i}" for i in range(51)),
        "name=" + ",".join("a" * 101),
    ],
)
async def test_a_value_that_cannot_be_read_is_refused(
    client: httpx.AsyncClient, asked: str
) -> None:
    refused(await client.get(f"/Patient?{asked}"), 400)


async def test_lenient_handling_skips_and_shows_what_was_used(
    client: httpx.AsyncClient,
) -> None:
    mark = fresh()
    reference = await created(client, identified(mark))
    url = f"/Patient?nonsense=1&identifier={mark}&name:nonsense=x&_sort=nonsense"
    refused(await client.get(url), 400)
    refused(await client.get(url, headers={"Prefer": "handling=strict"}), 400)

    answer = await client.get(url, headers={"Prefer": "handling=lenient"})
    assert matches(answer) == [reference.partition("/")[2]]
    shown = str(link(answer, "self"))
    assert shown.endswith(f"/Patient?identifier={mark}")
    outcomes = [each for each in answer.json()["entry"] if each["search"]["mode"] == "outcome"]
    [outcome] = outcomes
    assert outcome["resource"]["resourceType"] == "OperationOutcome"
    assert len(outcome["resource"]["issue"]) == 3
    assert matches(await client.get(shown)) == matches(answer)


async def test_lenient_handling_does_not_pass_over_a_bad_value(
    client: httpx.AsyncClient,
) -> None:
    headers = {"Prefer": "handling=lenient"}
    refused(await client.get("/Patient?birthdate=nonsense", headers=headers), 400)


async def test_matches_are_counted_when_asked(client: httpx.AsyncClient) -> None:
    mark = fresh()
    for _ in range(3):
        await created(client, identified(mark))
    url = f"/Patient?identifier={mark}"

    assert "total" not in (await client.get(url)).json()
    assert "total" not in (await client.get(f"{url}&_total=none")).json()
    counted = await client.get(f"{url}&_total=accurate&_count=1")
    assert counted.json()["total"] == 3
    assert len(matches(counted)) == 1
    for asked in ("_summary=count", "_count=0"):
        answer = (await client.get(f"{url}&{asked}")).json()
        assert answer["total"] == 3
        assert "entry" not in answer


async def test_a_count_over_the_most_is_cut(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/Patient?identifier={fresh()}&_count=999999999")
    assert answer.status_code == 200
    assert "entry" not in answer.json()


async def test_digits_and_layout_survive_a_search(client: httpx.AsyncClient) -> None:
    mark = fresh()
    body = (
        '{"resourceType":"Patient","identifier":[{"value":"%s"}],'
        '"extension":[{"url":"urn:a","valueDecimal":1.10}]}'
    )
    assert (await client.post("/Patient", content=body % mark)).status_code == 201
    assert '"valueDecimal":1.10}' in (await client.get(f"/Patient?identifier={mark}")).text
    pretty = await client.get(f"/Patient?identifier={mark}&_pretty=true")
    assert '"valueDecimal": 1.10\n' in pretty.text


async def test_head_of_a_search_has_no_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/Patient?_count=1")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_search_ends_in_an_outcome_and_never_in_plain_text(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/Patient?nonsense=1")
    [issue] = issues(answer)
    assert issue["severity"] == "error"
