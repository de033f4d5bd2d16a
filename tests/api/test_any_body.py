"""Whatever a client sends, it gets an answer that says what is wrong, and never a 5xx."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.raw import send
from tests.api.resources import issues
from tests.api.strategies import mutants, values

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

LENIENT = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
LONG = settings(LENIENT, max_examples=20_000)
PLACES = ("", "/Patient", "/Observation", "/Bundle", "/Patient/a", "/Patient/_search", "/$x")


async def _answered(client: httpx.AsyncClient, place: str, body: bytes) -> None:
    base = str(client.base_url).rstrip("/")
    way = "PUT" if place.endswith("/a") else "POST"
    answer = await client.request(way, base + place, content=body)
    assert answer.status_code < 500, (place, body, answer.text)
    if answer.status_code >= 400:
        assert issues(answer)
    assert answer.headers["x-request-id"]


@LENIENT
@given(place=st.sampled_from(PLACES), body=st.binary(max_size=200))
async def test_random_bytes_are_answered(
    client: httpx.AsyncClient, place: str, body: bytes
) -> None:
    await _answered(client, place, body)


@LENIENT
@given(place=st.sampled_from(PLACES), tree=values)
async def test_random_json_is_answered(client: httpx.AsyncClient, place: str, tree: object) -> None:
    await _answered(client, place, json.dumps(tree).encode())


async def _mutant(client: httpx.AsyncClient, told: tuple[str, bytes]) -> None:
    resource_type, body = told
    await _answered(client, f"/{resource_type}", body)
    if resource_type == "Bundle":
        await _answered(client, "", body)
    else:
        await _answered(client, f"/{resource_type}/a", body)


@settings(LENIENT, max_examples=250)
@given(told=mutants())
async def test_nearly_valid_resources_and_bundles_are_answered(
    client: httpx.AsyncClient, told: tuple[str, bytes]
) -> None:
    await _mutant(client, told)


@pytest.mark.long
@LONG
@given(told=mutants())
async def test_twenty_thousand_nearly_valid_bodies_are_answered(
    client: httpx.AsyncClient, told: tuple[str, bytes]
) -> None:
    await _mutant(client, told)


@LENIENT
@given(
    resource_type=st.sampled_from(("Patient", "Observation", "CarePlan")),
    pairs=st.lists(
        st.tuples(
            st.sampled_from(
                ("_id", "name", "identifier", "birthdate", "subject", "code", "date", "_sort",
                 "_count", "_lastUpdated", "_page", "_total", "name:exact", "gender:not", "x")
            )
            | st.text(max_size=6),
            st.text(max_size=12) | st.sampled_from("'\"\\%_,|$:[];\x00"),
        ),
        max_size=4,
    ),
    way=st.sampled_from(("GET", "POST")),
)  # fmt: skip
async def test_random_searches_are_answered(
    client: httpx.AsyncClient, resource_type: str, pairs: list[tuple[str, str]], way: str
) -> None:
    if way == "GET":
        answer = await client.get(f"/{resource_type}", params=tuple(pairs))
    else:
        told: dict[str, list[str]] = {}
        for name, value in pairs:
            told.setdefault(name, []).append(value)
        answer = await client.post(f"/{resource_type}/_search", data=told)
    assert answer.status_code < 500, (pairs, answer.text)


@LENIENT
@given(
    name=st.sampled_from(
        ("If-Match", "If-None-Match", "If-None-Exist", "If-Modified-Since", "Prefer", "Accept",
         "Content-Type", "X-Stepdown-Actor", "X-Request-Id", "Accept-Encoding", "Range")
    ),
    value=st.binary(max_size=30).filter(lambda each: not {0, 10, 13} & set(each)),
    way=st.sampled_from(("GET", "PUT", "POST", "DELETE")),
)  # fmt: skip
async def test_random_headers_are_answered(
    all_in_one: Programs, name: str, value: bytes, way: str
) -> None:
    body = b'{"resourceType":"Patient","id":"a"}'
    place = "/fhir/Patient" if way == "POST" else "/fhir/Patient/a"
    headers = {name: value.decode("latin-1").strip()}
    answer = await send(all_in_one, way, place, headers=headers, body=body)
    assert answer.status_code < 500, (name, value, answer.text)
