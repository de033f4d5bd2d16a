"""Searching by what codes are called, by value sets and hierarchies, and by parts of uris.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import created, fresh, identified, matches, observation, patient, refused
from tests.unit.terminology.colours import SYSTEM, composed, filtered, listed, whole

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

WARM = "http://test.example/ValueSet/warm-search"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"


@pytest.fixture(scope="module")
async def colours(client: httpx.AsyncClient) -> dict[str, str]:
    """Observations of one person, by the colour that is their code; and a value set of the warm."""
    system = SYSTEM | {"url": f"http://test.example/{fresh()}"}
    await created(client, system)
    warm = composed({**filtered("is-a", "red"), "system": system["url"]}, url=WARM)
    found = {"system": system["url"], "ValueSet": await created(client, warm)}
    found["of"] = await created(client, patient())
    for code in ("any", "red", "crimson", "blue", "sky"):
        coding = {"system": system["url"], "code": code, "display": f"Colour, {code}"}
        told = observation(found["of"], code={"coding": [coding], "text": f"{code} seen"})
        found[code] = await created(client, told)
    return found


async def named(client: httpx.AsyncClient, colours: dict[str, str], **asked: str) -> set[str]:
    """Name the colours of the matches."""
    params = {"subject": colours["of"], **{k.replace("__", ":"): v for k, v in asked.items()}}
    found = matches(await client.get("/Observation", params=params))
    names = {reference: name for name, reference in colours.items()}
    return {names[f"Observation/{each}"] for each in found}


async def made(client: httpx.AsyncClient, resource: dict[str, Any]) -> str:
    """Create a resource and give its id."""
    return (await created(client, resource)).partition("/")[2]


ALL = {"any", "red", "crimson", "blue", "sky"}


async def test_the_case_of_a_code_matters_unless_its_system_says_otherwise(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    free, strict = (f"http://test.example/{fresh()}" for _ in range(2))
    system = {"resourceType": "CodeSystem", "status": "active", "content": "not-present"}
    stored = await created(client, {**system, "url": free, "caseSensitive": False})
    await created(client, {**system, "url": strict, "caseSensitive": True})
    someone = await created(client, patient())
    for name, each in (("Anger", free), ("anger", free), ("Anger", strict), ("anger", strict)):
        told = observation(someone, code={"coding": [{"system": each, "code": name}]})
        await created(client, told)

    async def found(asked: str) -> int:
        name, _, value = asked.partition("=")
        answer = await client.get("/Observation", params={"subject": someone, name: value})
        return len(matches(answer))

    for asked, expected in (
        (f"code={free}|ANGER", 2),
        (f"code={free}|anger", 2),
        (f"code={strict}|Anger", 1),
        (f"code={strict}|ANGER", 0),
        ("code=aNGER", 2),
        ("code=Anger", 3),
        (f"code:not={free}|ANGER", 2),
        ("code=|Anger", 0),
        (f"code={free}|ange", 0),
    ):
        assert await found(asked) == expected, asked
    assert (await client.delete(f"/{stored}")).status_code == 204
    assert await found(f"code={free}|ANGER") == 0
    assert await found(f"code={free}|Anger") == 1


async def test_a_code_is_found_by_how_it_is_called(
    client: httpx.AsyncClient, colours: dict[str, str]
) -> None:
    assert await named(client, colours, code__text="COLOUR: re") == {"red"}
    assert await named(client, colours, code__text="sky seen,blue s") == {"sky", "blue"}
    assert await named(client, colours, code__text="colour") == ALL
    assert await named(client, colours, code__text="seen") == set()


async def test_a_code_is_found_by_a_value_set(
    client: httpx.AsyncClient, colours: dict[str, str]
) -> None:
    for name in (WARM, colours["ValueSet"]):
        assert await named(client, colours, code__in=name) == {"red", "crimson"}
        assert await named(client, colours, **{"code__not-in": name}) == ALL - {"red", "crimson"}
    mark = fresh()
    someone = await made(client, identified(mark, gender="other"))
    asked = {"identifier": mark, "gender:in": GENDERS}
    assert matches(await client.get("/Patient", params=asked)) == [someone]
    asked = {"identifier": mark, "gender:not-in": GENDERS}
    assert matches(await client.get("/Patient", params=asked)) == []


async def test_a_code_is_found_by_its_place_in_a_hierarchy(
    client: httpx.AsyncClient, colours: dict[str, str]
) -> None:
    def at(code: str) -> str:
        return f"{colours['system']}|{code}"

    assert await named(client, colours, code__below=at("red")) == {"red", "crimson"}
    assert await named(client, colours, code__below=at("any")) == ALL
    assert await named(client, colours, code__above=at("sky")) == {"sky", "blue", "any"}
    assert await named(client, colours, code__above=f"{at('red')},{at('blue')}") == {
        "red", "blue", "any",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("code:in=http://test.example/nothing", 400),
        ("code:in=ValueSet/nothing", 400),
        ("code:in=http://hl7.org/fhir/ValueSet/clinical-findings", 400),
        ("code:below=http://test.example/nothing|a", 400),
        ("code:below=http://hl7.org/fhir/administrative-gender|a", 400),
        ("code:below=http://snomed.info/sct|1", 400),
        ("subject:above=Patient/1", 400),
        ("subject:below=Patient/1", 400),
    ],
)
async def test_terminology_that_is_not_held_is_a_refusal(
    client: httpx.AsyncClient, asked: str, status: int
) -> None:
    assert refused(await client.get(f"/Observation?{asked}"), status)


async def test_a_value_set_of_too_many_codes_is_a_refusal(client: httpx.AsyncClient) -> None:
    most = composed(listed(*map(str, range(2000))), url=f"http://test.example/{fresh()}")
    await created(client, most)
    assert matches(await client.get(f"/Observation?code:in={most['url']}")) == []
    more = composed(listed(*map(str, range(2001))), url=f"http://test.example/{fresh()}")
    await created(client, more)
    refused(await client.get(f"/Observation?code:in={more['url']}"), 422)


async def test_a_conditional_create_understands_a_value_set(
    client: httpx.AsyncClient, colours: dict[str, str]
) -> None:
    told = observation(colours["of"])
    asked = {"If-None-Exist": f"subject={colours['of']}&code:below={colours['system']}|sky"}
    answer = await client.post("/Observation", json=told, headers=asked)
    assert (answer.status_code, answer.json()["id"]) == (
        200,
        colours["sky"].removeprefix("Observation/"),
    )
    asked = {"If-None-Exist": f"subject={colours['of']}&code:in={WARM}"}
    refused(await client.post("/Observation", json=told, headers=asked), 412)
    asked = {"If-None-Exist": "code:in=http://test.example/nothing"}
    refused(await client.post("/Observation", json=told, headers=asked), 400)


async def test_an_identifier_is_found_by_its_type(client: httpx.AsyncClient) -> None:
    kind = "http://terminology.hl7.org/CodeSystem/v2-0203"
    number = fresh()
    told = {"type": {"coding": [{"system": kind, "code": "MR"}], "text": number}, "value": "7"}
    someone = await made(client, patient(identifier=[told | {"value": number}]))
    for asked, found in (
        (f"identifier:of-type={kind}|MR|{number}", [someone]),
        (f"identifier:of-type={kind}|SS|{number}", []),
        (f"identifier:of-type={kind}|MR|7", []),
        (f"identifier:text={number[:-2]}", [someone]),
        (f"identifier:text=x{number}", []),
    ):
        assert matches(await client.get(f"/Patient?{asked}")) == found, asked


async def test_a_uri_is_found_by_a_part_of_it(client: httpx.AsyncClient) -> None:
    base = f"http://test.example/{fresh()}"
    upper = await made(client, composed(whole(), url=f"{base}/a"))
    lower = await made(client, composed(whole(), url=f"{base}/a/b"))
    beside = await made(client, composed(whole(), url=f"{base}/ab"))
    for asked, found in (
        (f"url:below={base}", {upper, lower, beside}),
        (f"url:below={base}/a", {upper, lower}),
        (f"url:below={base}/a/", {upper, lower}),
        (f"url:above={base}/a/b/c", {upper, lower}),
        (f"url:above={base}/ab", {beside}),
        (f"url:contains={base[15:]}/ab", {beside}),
        (f"url={base}", set()),
    ):
        assert set(matches(await client.get(f"/ValueSet?{asked}"))) == found, asked
    refused(await client.get("/ValueSet?url:below=urn:oid:1.2"), 400)
