"""FHIR conditional create: If-None-Exist. https://hl7.org/fhir/R4/http.html#ccreate"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.api.resources import (
    SYSTEM,
    count,
    created,
    fresh,
    identified,
    observation,
    patient,
    post,
    refused,
    run,
)

if TYPE_CHECKING:
    import httpx

    from tests.api.resources import Resource
    from tests.programs import Programs

PARALLEL = 16


def _condition(value: str) -> str:
    return f"identifier={SYSTEM}|{value}"


async def _create(
    client: httpx.AsyncClient, value: str, condition: str | None = None
) -> httpx.Response:
    headers = {"If-None-Exist": condition or _condition(value)}
    return await client.post("/Patient", json=identified(value), headers=headers)


async def test_a_conditional_create_without_match_creates(client: httpx.AsyncClient) -> None:
    value = fresh()
    answer = await _create(client, value)

    assert answer.status_code == 201
    assert await count(client, "Patient", identifier=value) == 1


async def test_a_conditional_create_answers_with_the_one_match(client: httpx.AsyncClient) -> None:
    value = fresh()
    first = await _create(client, value)
    again = await _create(client, value)

    assert again.status_code == 200
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == first.headers["etag"]
    assert again.content == first.content
    assert await count(client, "Patient", identifier=value) == 1


async def test_a_conditional_create_with_several_matches_is_refused(
    client: httpx.AsyncClient,
) -> None:
    value = fresh()
    for _ in range(2):
        await client.post("/Patient", json=identified(value))

    refused(await _create(client, value), 412)
    assert await count(client, "Patient", identifier=value) == 2


async def test_a_deleted_match_is_none(client: httpx.AsyncClient) -> None:
    value = fresh()
    first = (await _create(client, value)).json()["id"]
    await client.delete(f"/Patient/{first}")

    answer = await _create(client, value)
    assert answer.status_code == 201
    assert answer.json()["id"] != first


@pytest.mark.parametrize(
    "condition", ["", "?", "_count=1", "nonsense=1", "identifier=", "_sort=_id", "identifier=%ff"]
)
async def test_an_unusable_condition_is_malformed_and_creates_nothing(
    client: httpx.AsyncClient, condition: str
) -> None:
    value = fresh()
    headers = {"If-None-Exist": condition}
    refused(await client.post("/Patient", json=identified(value), headers=headers), 400)
    assert await count(client, "Patient", identifier=value) == 0


async def test_the_condition_may_begin_with_a_question_mark(client: httpx.AsyncClient) -> None:
    value = fresh()
    assert (await _create(client, value, f"?{_condition(value)}")).status_code == 201
    assert (await _create(client, value, _condition(value))).status_code == 200


@pytest.mark.parametrize("address", ["Patient", "{fhir}/Patient"])
async def test_the_condition_may_be_the_whole_address_of_a_search_of_the_type(
    client: httpx.AsyncClient, all_in_one: Programs, address: str
) -> None:
    value = fresh()
    named = address.format(fhir=all_in_one.fhir)
    condition = f"{named}?{urlencode({'identifier': f'{SYSTEM}|{value}'})}"
    assert (await _create(client, value, condition)).status_code == 201
    assert (await _create(client, value, condition)).status_code == 200

    entry = post(identified(value), ifNoneExist=condition)
    answer = await run(client, "transaction", entry)
    assert answer.json()["entry"][0]["response"]["status"] == "200"


@pytest.mark.parametrize("address", ["Group", "http://elsewhere.example/fhir/Patient"])
async def test_the_address_of_another_search_is_no_condition(
    client: httpx.AsyncClient, address: str
) -> None:
    value = fresh()
    refused(await _create(client, value, f"{address}?{_condition(value)}"), 400)
    assert await count(client, "Patient", identifier=value) == 0


async def _round(client: httpx.AsyncClient, told: Resource) -> list[int]:
    value = told["identifier"][0]["value"]
    headers = {"If-None-Exist": _condition(value)}
    address = f"/{told['resourceType']}"
    asked = (client.post(address, json=told, headers=headers) for _ in range(PARALLEL))
    answers = await asyncio.gather(*asked)
    assert len({answer.json()["id"] for answer in answers}) == 1
    return sorted(answer.status_code for answer in answers)


@pytest.mark.parametrize("rounds", [100, pytest.param(1000, marks=pytest.mark.long)])
async def test_sixteen_identical_creates_at_once_make_one_resource(
    client: httpx.AsyncClient, rounds: int
) -> None:
    for _ in range(rounds):
        assert await _round(client, identified(fresh())) == [200] * (PARALLEL - 1) + [201]


@pytest.mark.parametrize("rounds", [10, pytest.param(1000, marks=pytest.mark.long)])
async def test_so_do_those_of_a_type_of_each_other_service(
    client: httpx.AsyncClient, rounds: int
) -> None:
    subject = await created(client, patient())
    plan = {"status": "draft", "intent": "plan", "subject": {"reference": subject}}
    for _ in range(rounds):
        for told in (
            identified(fresh(), "CarePlan") | plan,
            identified(fresh(), "Observation") | observation(subject),
        ):
            assert await _round(client, told) == [200] * (PARALLEL - 1) + [201]


async def test_plain_creates_at_once_make_a_resource_each(client: httpx.AsyncClient) -> None:
    value = fresh()
    told = identified(value)
    answers = await asyncio.gather(*(client.post("/Patient", json=told) for _ in range(PARALLEL)))
    assert {answer.status_code for answer in answers} == {201}
    assert await count(client, "Patient", identifier=value) == PARALLEL
