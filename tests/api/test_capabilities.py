"""What a CapabilityStatement says is what is served, at each base.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from shared.fhir.definitions import RESOURCE_TYPES
from tests.api.resources import fresh, refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from tests.programs import Programs

# An instance that is not there answers 404 or 410; whatever is not served answers 405.
REQUESTS = {
    "read": ("GET", "/{type}/{id}"),
    "vread": ("GET", "/{type}/{id}/_history/1"),
    "update": ("PUT", "/{type}/{id}"),
    "patch": ("PATCH", "/{type}/{id}"),
    "delete": ("DELETE", "/{type}/{id}"),
    "history-instance": ("GET", "/{type}/{id}/_history"),
    "history-type": ("GET", "/{type}/_history?_count=1"),
    "create": ("POST", "/{type}"),
    "search-type": ("GET", "/{type}?_summary=count"),
}
EXAMINED = {"Patient", "CarePlan", "Observation", "AuditEvent"}
ABSENT = dict.fromkeys(("read", "vread", "history-instance"), (404,))
# Of these the server knows every code, and refuses another.
AUDIT_CODES = {"action": "R", "outcome": "0", "subtype": "read"}
VALUES = {"token": "x", "string": "x", "date": "2020", "reference": "x", "uri": "urn:x"}


@pytest.fixture(params=["front door", "intake", "plan", "progress"])
def base(request: pytest.FixtureRequest, all_in_one: Programs) -> str:
    name: str = request.param
    return all_in_one.fhir if name == "front door" else all_in_one.base(name)


def _value(resource: dict[str, Any], parameter: dict[str, Any]) -> str:
    if resource["type"] == "AuditEvent" and parameter["name"] in AUDIT_CODES:
        return AUDIT_CODES[parameter["name"]]
    return VALUES[parameter["type"]]


async def _statement(client: httpx.AsyncClient, base: str) -> dict[str, Any]:
    answer = await client.get(f"{base}/metadata")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def _statuses(
    client: httpx.AsyncClient, asked: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    limit = asyncio.Semaphore(16)

    async def status(method: str, url: str) -> int:
        async with limit:
            content = b"{}" if method in {"PUT", "PATCH", "POST"} else None
            return (await client.request(method, url, content=content)).status_code

    pairs = list(asked)
    return dict(zip(pairs, await asyncio.gather(*(status(*each) for each in pairs)), strict=True))


async def test_a_statement_is_fhir_r4_and_spared_who_has_it(
    client: httpx.AsyncClient, base: str
) -> None:
    answer = await client.get(f"{base}/metadata")
    told = answer.json()
    assert (told["resourceType"], told["fhirVersion"]) == ("CapabilityStatement", "4.0.1")
    assert "application/fhir+json" in told["format"]
    again = await client.get(f"{base}/metadata", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get(f"{base}/metadata", headers={"If-None-Match": 'W/"x"'})
    assert other.status_code == 200
    head = await client.head(f"{base}/metadata")
    assert (head.status_code, head.content) == (200, b"")
    assert b"\n  " in (await client.get(f"{base}/metadata?_pretty=true")).content


async def test_every_interaction_that_is_stated_is_served_and_no_other(
    client: httpx.AsyncClient, base: str
) -> None:
    told = await _statement(client, base)
    resources = told["rest"][0]["resource"]
    stated = {
        (each["type"], interaction["code"])
        for each in resources
        for interaction in each.get("interaction", ())
    }
    asked = {
        (name, code): (method, base + url.format(type=name, id=fresh()))
        for name in RESOURCE_TYPES
        for code, (method, url) in REQUESTS.items()
        if code == "search-type" or name in EXAMINED
    }
    answered = await _statuses(client, asked.values())
    for key, request in asked.items():
        status = answered[request]
        if key in stated:
            assert status in {200, 204, 400, *ABSENT.get(key[1], ())}, (key, status)
        else:
            assert status in {404, 405}, (key, status)


async def test_every_search_parameter_that_is_stated_is_served(
    client: httpx.AsyncClient, base: str
) -> None:
    told = await _statement(client, base)
    urls = []
    for each in told["rest"][0]["resource"]:
        pairs = [f"{one['name']}={_value(each, one)}" for one in each.get("searchParam", ())]
        for first in range(0, len(pairs), 40):
            query = "&".join(pairs[first : first + 40])
            urls.append(("GET", f"{base}/{each['type']}?_count=0&{query}"))
    answered = await _statuses(client, urls)
    assert answered
    assert set(answered.values()) == {200}, [
        url for (_, url), status in answered.items() if status != 200
    ]


async def test_the_front_door_states_what_the_three_state_together(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    whole = await _statement(client, all_in_one.fhir)
    parts = [
        await _statement(client, all_in_one.base(name)) for name in ("intake", "plan", "progress")
    ]

    def interactions(statement: dict[str, Any]) -> dict[str, Any]:
        found = statement["rest"][0]["resource"]
        return {each["type"]: each["interaction"] for each in found if "interaction" in each}

    together: dict[str, Any] = {}
    for part in parts:
        own = interactions(part)
        assert together.keys().isdisjoint(own)
        together |= own
    assert interactions(whole) == together


async def test_a_bundle_is_stated_where_it_is_taken(client: httpx.AsyncClient, base: str) -> None:
    told = await _statement(client, base)
    stated = {each["code"] for each in told["rest"][0].get("interaction", ())}
    answer = await client.post(base, json={"resourceType": "Bundle", "type": "batch"})
    if stated:
        assert stated == {"transaction", "batch", "history-system"}
        assert answer.status_code == 200
    else:
        refused(answer, 404)


async def test_every_operation_that_is_stated_is_there(
    client: httpx.AsyncClient, base: str
) -> None:
    told = await _statement(client, base)
    stated = [each["name"] for each in told["rest"][0].get("operation", ())]
    for name in stated:
        answer = await client.post(f"{base}/${name}", json={"resourceType": "Parameters"})
        assert answer.status_code not in {404, 405}, name
    refused(await client.post(f"{base}/$nothing", json={"resourceType": "Parameters"}), 404)
