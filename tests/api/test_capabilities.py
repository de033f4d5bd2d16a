"""What a CapabilityStatement says is what is served, at each base.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.search.parameters import served_parameters
from tests.api.resources import bundle, entry, fresh, observation, patient, refused, run

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
SYSTEM_REQUESTS = {
    "transaction": ("POST", ""),
    "batch": ("POST", ""),
    "history-system": ("GET", "/_history?_count=1"),
    "search-system": ("GET", "?_type=Patient"),
}
EXAMINED = {"Patient", "CarePlan", "Observation", "AuditEvent"}
ABSENT = dict.fromkeys(("read", "vread", "history-instance"), (404,))
# Of these the server knows every code, and refuses another.
AUDIT_CODES = {"action": "R", "outcome": "0", "subtype": "read"}
SOMEONE = {"display": "Someone"}
# The least that each type takes.
LEAST = {
    "Patient": patient(),
    "CarePlan": {
        "resourceType": "CarePlan", "status": "draft", "intent": "plan", "subject": SOMEONE,
    },
    "Observation": observation("") | {"subject": SOMEONE},
    "Binary": {"resourceType": "Binary", "contentType": "text/plain"},
}  # fmt: skip
VALUES = {
    "token": "x", "string": "x", "date": "2020", "reference": "x", "uri": "urn:x", "number": "1",
    "quantity": "1",
}  # fmt: skip


@pytest.fixture(params=["front door", "intake", "plan", "progress"])
def base(request: pytest.FixtureRequest, all_in_one: Programs) -> str:
    name: str = request.param
    return all_in_one.fhir if name == "front door" else all_in_one.base(name)


def _value(resource: dict[str, Any], parameter: dict[str, Any]) -> str:
    if resource["type"] == "AuditEvent" and parameter["name"] in AUDIT_CODES:
        return AUDIT_CODES[parameter["name"]]
    if parameter["type"] == "composite":
        parts = served_parameters(resource["type"])[parameter["name"]].parts
        return "$".join(VALUES[each.parameter.type] for each in parts)
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
    etag = answer.headers["etag"]
    for told_before, status in (
        ("*", 304), (f'W/"x", {etag}', 304), (etag.removeprefix("W/"), 304), ('W/"x"', 200),
        ("x", 400),
    ):  # fmt: skip
        other = await client.get(f"{base}/metadata", headers={"If-None-Match": told_before})
        assert other.status_code == status, told_before
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
        # One that is not known would be refused; all of them are some thousands.
        beside = [f"_include={one}" for one in each.get("searchInclude", ())[:20]]
        beside += [f"_revinclude={one}" for one in each.get("searchRevInclude", ())[-20:]]
        urls += [("GET", f"{base}/{each['type']}?_count=0&{'&'.join(beside)}")] * bool(beside)
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
        assert stated == {"transaction", "batch", "history-system", "search-system"}
        assert answer.status_code == 200
    else:
        refused(answer, 404)


@pytest.mark.parametrize("via", ["", "/intake/fhir"])
async def test_a_batch_tells_what_the_front_door_states(
    client: httpx.AsyncClient, all_in_one: Programs, via: str
) -> None:
    base = all_in_one.base("intake") if via else all_in_one.fhir
    alone = await client.get(f"{all_in_one.fhir}/metadata")
    etag = alone.headers["etag"]
    asked = bundle(
        "batch",
        entry("GET", "metadata"),
        entry("HEAD", "metadata"),
        entry("GET", "metadata", ifNoneMatch=etag),
        entry("GET", "metadata", ifNoneMatch='W/"x"'),
        entry("POST", "metadata", {"resourceType": "Basic"}),
    )
    answer = await client.post(base, json=asked)
    found = answer.json()["entry"]
    assert [each["response"]["status"] for each in found] == ["200", "200", "304", "200", "405"]
    assert found[0]["resource"] == found[3]["resource"] == alone.json()
    assert [each["response"].get("etag") for each in found] == [*[etag] * 4, None]
    assert "resource" not in found[1]
    assert "resource" not in found[2]


async def test_a_transaction_says_that_it_takes_no_metadata(client: httpx.AsyncClient) -> None:
    answer = await run(client, "transaction", entry("GET", "metadata"))
    assert "no metadata" in refused(answer, 400)
    assert (await run(client, "transaction", entry("GET", "Patient?_count=0"))).is_success


async def test_metadata_names_the_methods_that_it_takes(
    client: httpx.AsyncClient, base: str
) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = await client.request(method, f"{base}/metadata")
        assert f"{method} is not served" in refused(answer, 405)
        assert answer.headers["allow"] == "GET, HEAD"
    assert (await client.head(f"{base}/metadata")).status_code == 200


async def test_every_interaction_of_the_system_that_is_stated_is_served_and_no_other(
    client: httpx.AsyncClient, base: str
) -> None:
    told = await _statement(client, base)
    stated = {each["code"] for each in told["rest"][0].get("interaction", ())}
    for code, (method, url) in SYSTEM_REQUESTS.items():
        content = {"resourceType": "Bundle", "type": code} if method == "POST" else None
        answer = await client.request(method, base + url, json=content)
        if code in stated:
            assert answer.status_code == 200, code
        else:
            assert answer.status_code in {400, 404, 405}, code


@pytest.mark.parametrize("resource_type", ["Patient", "CarePlan", "Observation", "Binary"])
async def test_a_type_behaves_as_it_is_stated(
    client: httpx.AsyncClient, base: str, resource_type: str
) -> None:
    told = await _statement(client, base)
    (stated,) = [each for each in told["rest"][0]["resource"] if each["type"] == resource_type] or [
        {"type": resource_type}
    ]
    if "interaction" not in stated:
        refused(await client.get(f"{base}/{resource_type}/x"), 404)
        return
    sent = LEAST[resource_type] | {"id": fresh()}
    url = f"{base}/{resource_type}/{sent['id']}"
    made = await client.put(url, json=sent)
    assert (stated["updateCreate"], made.status_code) == (True, 201), made.text
    assert (stated["versioning"], made.headers["etag"]) == ("versioned-update", 'W/"1"')
    stale = await client.put(url, json=sent, headers={"If-Match": 'W/"9"'})
    assert stale.status_code == 412
    assert stated["readHistory"]
    assert (await client.get(f"{url}/_history/1")).status_code == 200
    assert stated["conditionalRead"] == "full-support"
    headers = {"Accept": "application/fhir+json"}
    for held in ({"If-None-Match": 'W/"1"'}, {"If-Modified-Since": made.headers["last-modified"]}):
        assert (await client.get(url, headers=headers | held)).status_code == 304
    criterion = f"_id={sent['id']}"
    assert stated["conditionalCreate"]
    again = await client.post(
        f"{base}/{resource_type}", json=sent, headers={"If-None-Exist": criterion}
    )
    assert again.status_code == 200
    assert stated["conditionalUpdate"]
    assert (await client.put(f"{base}/{resource_type}?{criterion}", json=sent)).status_code == 200
    assert stated["conditionalDelete"] == "single"
    assert (await client.delete(f"{base}/{resource_type}?{criterion}")).status_code == 204
    assert (await client.get(url, headers=headers)).status_code == 410


async def test_every_operation_that_is_stated_is_there(
    client: httpx.AsyncClient, base: str
) -> None:
    told = await _statement(client, base)
    stated = [each["name"] for each in told["rest"][0].get("operation", ())]
    for name in stated:
        answer = await client.post(f"{base}/${name}", json={"resourceType": "Parameters"})
        assert answer.status_code not in {404, 405}, name
    refused(await client.post(f"{base}/$nothing", json={"resourceType": "Parameters"}), 404)
