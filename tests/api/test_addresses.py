"""An address has one form, each type one owner, and each address its methods."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from services.ownership import SERVICES, owner_of
from shared.fhir.definitions import RESOURCE_TYPES
from tests.api.raw import send
from tests.api.resources import created, fresh, identified, issues, patient, refused

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

OWN = {"intake": "Encounter", "plan": "CarePlan", "progress": "Observation"}


TRICKS = [
    "//Patient/ID",
    "/Patient//ID",
    "/Patient/ID/",
    "/Patient/",
    "/patient/ID",
    "/PATIENT/ID",
    "/Patient/ID;x=1",
    "/Patient;x=1/ID",
    "/Patient%2FID",
    "/Patient/%2e%2e/Patient/ID",
    "/Patient/../Patient/ID",
    "/./Patient/ID",
    "/%50atient/ID",
    "/Patient/ID%20",
    "/Patient/ID%00",
    "/Patient/ID/_history/",
    "/Patient/ID/_history/1/",
    "/Patient/ID/_History",
    "/Patient/ID/_history/1/x",
    "/Patient/.",
    "/Patient/..",
    "/Patient/ID\\",
    "/Patient/ID.json",
    "/Nothing",
    "/Nothing/1",
    "/Element",
    "/Resource/1",
    "/DomainResource",
    "/Patient/ID/$nothing",
    "/$nothing",
    "/metadata/",
    "/metadata/x",
]


@pytest.mark.parametrize("prefix", ["/fhir", "/intake/fhir"])
async def test_another_spelling_of_an_address_is_found_nowhere(
    client: httpx.AsyncClient, all_in_one: Programs, prefix: str
) -> None:
    reference = await created(client, patient())
    assert (await send(all_in_one, "GET", f"{prefix}/{reference}")).status_code == 200
    for trick in TRICKS:
        path = prefix + trick.replace("ID", reference.partition("/")[2])
        answer = await send(all_in_one, "GET", path)
        assert answer.status_code == 404, trick
        assert issues(answer)


async def test_a_type_asked_of_the_wrong_service_names_the_right_one(
    client: httpx.AsyncClient, all_in_one: Programs, service: str
) -> None:
    base = all_in_one.base(service)
    for owner in SERVICES:
        url = f"{base}/{OWN[owner]}"
        if owner == service:
            assert (await client.get(url)).status_code == 200
            continue
        told = {"resourceType": OWN[owner], "id": "a"}
        for answer in (
            await client.get(url),
            await client.get(f"{url}/a"),
            await client.get(f"{url}/a/_history"),
            await client.post(f"{url}/_search"),
            await client.post(url, json=told),
            await client.put(f"{url}/a", json=told),
            await client.delete(f"{url}/a"),
        ):
            assert f"{owner}_api" in refused(answer, 404)


async def test_each_service_serves_exactly_its_own_types(
    client: httpx.AsyncClient, all_in_one: Programs, service: str
) -> None:
    base = all_in_one.base(service)
    for resource_type in RESOURCE_TYPES:
        answer = await client.get(f"{base}/{resource_type}?_summary=count")
        expected = 200 if owner_of(resource_type) == service else 404
        assert answer.status_code == expected, resource_type


async def test_only_the_doors_keeper_takes_bundles(
    client: httpx.AsyncClient, all_in_one: Programs, service: str
) -> None:
    told = {"resourceType": "Bundle", "type": "transaction"}
    answer = await client.post(all_in_one.base(service), json=told)
    if service == "intake":
        assert answer.status_code == 200
    else:
        assert "intake_api" in refused(answer, 404)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "", "GET, HEAD, POST"),
        ("DELETE", "", "GET, HEAD, POST"),
        ("POST", "/metadata", "GET, HEAD"),
        ("OPTIONS", "/Patient", "DELETE, GET, HEAD, PATCH, POST, PUT"),
        ("POST", "/Patient/a", "DELETE, GET, HEAD, PATCH, PUT"),
        ("OPTIONS", "/Patient/a", "DELETE, GET, HEAD, PATCH, PUT"),
        ("TRACE", "/Patient/a", "DELETE, GET, HEAD, PATCH, PUT"),
        ("PATCH", "/Binary/a", "DELETE, GET, HEAD, PUT"),
        ("PATCH", "/Binary", "DELETE, GET, HEAD, POST, PUT"),
        ("POST", "/_history", "GET, HEAD"),
        ("POST", "/Patient/_history", "GET, HEAD"),
        ("PUT", "/Patient/a/_history", "GET, HEAD"),
        ("DELETE", "/Patient/a/_history/1", "GET, HEAD"),
        ("GET", "/Patient/_search", "POST"),
        ("PUT", "/Patient/_search", "POST"),
        ("POST", "/AuditEvent", "GET, HEAD"),
        ("PUT", "/AuditEvent/1", "GET, HEAD"),
        ("GET", "/AuditEvent/1/_history", ""),
        ("GET", "/AuditEvent/1/_history/1", ""),
    ],
)
async def test_a_wrong_method_is_told_which_are_right(
    all_in_one: Programs, method: str, path: str, allow: str
) -> None:
    for prefix in ("/fhir", "/intake/fhir"):
        answer = await send(all_in_one, method, prefix + path)
        refused(answer, 405)
        assert sorted(answer.headers["allow"].split(", ")) == allow.split(", ")


@pytest.mark.parametrize(
    "name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]
)
async def test_a_header_or_parameter_does_not_change_the_method(
    client: httpx.AsyncClient, name: str
) -> None:
    reference = await created(client, patient())
    answer = await client.get(f"/{reference}", headers={name: "DELETE"})
    assert answer.status_code == 200
    await client.post(f"/{reference}", headers={name: "DELETE"})
    assert (await client.get(f"/{reference}")).status_code == 200


async def test_links_come_from_the_configuration_and_never_from_the_request(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=evil.example",
    }
    made = await client.post("/Patient", json=patient(), headers=headers)
    assert made.headers["location"].startswith(f"{all_in_one.fhir}/Patient/")
    found = await client.get(f"/Patient?_id={made.json()['id']}", headers=headers)
    assert "evil" not in found.text
    assert found.json()["entry"][0]["fullUrl"] == f"{all_in_one.fhir}/Patient/{made.json()['id']}"


async def test_an_address_or_headers_that_are_too_long_are_refused(
    client: httpx.AsyncClient, all_in_one: Programs, service: str
) -> None:
    base = all_in_one.base(service)
    resource_type = OWN[service]
    long = "a" * 8200
    refused(await client.get(f"{base}/{resource_type}?_id={long}"), 413)
    refused(await client.get(f"{base}/{resource_type}/a", headers={"X-A": "a" * 16_400}), 413)
    form = {"_id": ",".join(fresh() for _ in range(90))}
    assert (await client.post(f"{base}/{resource_type}/_search", data=form)).status_code == 200
    short = {"X-A": "a" * 8000}
    refused(await client.get(f"{base}/{resource_type}/{fresh()}", headers=short), 404)


@pytest.mark.parametrize("path", ["/", "/nothing", "/intake", "/intake/nothing", "/fhirx/Patient"])
async def test_outside_the_bases_nothing_of_the_record_is_served(
    all_in_one: Programs, path: str
) -> None:
    answer = await send(all_in_one, "POST", path)
    assert answer.status_code in {404, 405}, answer.text


async def test_parameters_are_utf_8(client: httpx.AsyncClient) -> None:
    value = f"Ä{fresh()}"
    await created(client, identified(value))
    found = await client.get(f"/Patient?identifier={quote(value)}")
    assert len(found.json()["entry"]) == 1
    # Misread as other letters it would be found by `:not`, as if nobody had it.
    for name in ("identifier", "identifier:not"):
        misread = quote(value, encoding="latin-1")
        refused(await client.get(f"/Patient?{name}={misread}"), 400)
