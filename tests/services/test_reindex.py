"""Search parameters that are stored, and rows that are indexed anew beside all that happens."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from shared.fhir.definitions import TYPE_CODE
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

EYES = "https://clinic.example/fhir/StructureDefinition/eye-colour"
MANY = 320


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@contextmanager
def client_of(base: str) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(base_url=base, headers=headers, timeout=180, trust_env=False) as client:
        yield client


def definition(code: str, expression: str, **other: str | list[str]) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "url": f"https://clinic.example/fhir/SearchParameter/{code}",
        "name": code.replace("-", "_"),
        "status": "active",
        "description": f"A search by {code}.",
        "code": code,
        "base": ["Patient"],
        "type": "token",
        "expression": expression,
    } | other


EYE_COLOUR = definition("eye-colour", f"Patient.extension('{EYES}').value")


def patient(colour: str, number: int = 0) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "https://clinic.example/records", "value": f"{number}"}],
        "extension": [{"url": EYES, "valueCode": colour}],
    }


def write(client: httpx.Client, resource: dict[str, Any]) -> str:
    answer = client.post(f"/{resource['resourceType']}", json=resource)
    assert answer.status_code == 201, answer.text
    logical_id: str = answer.json()["id"]
    return logical_id


def fill(client: httpx.Client, count: int) -> None:
    entries = [
        {"resource": patient("green", n), "request": {"method": "POST", "url": "Patient"}}
        for n in range(count)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert client.post("", json=bundle).status_code == 200


def reindex(client: httpx.Client, *types: str) -> dict[str, Any]:
    parameter = [{"name": "type", "valueCode": each} for each in types]
    body = {"resourceType": "Parameters"} | ({"parameter": parameter} if parameter else {})
    answer = client.post("/$reindex", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def total(client: httpx.Client, query: str, resource_type: str = "Patient") -> int:
    """Search until the answer is complete: until then it is a refusal that says how far it is."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        answer = client.get(f"/{resource_type}?{query}&_summary=count")
        if answer.status_code == 200:
            count: int = answer.json()["total"]
            return count
        assert answer.status_code == 503, answer.text
        assert answer.headers["Retry-After"]
        assert "is being indexed anew" in answer.text
        time.sleep(0.02)
    raise AssertionError("the indexing did not end")


@asynccontextmanager
async def held(url: str, number: int) -> AsyncIterator[None]:
    """Keep one patient from being indexed, as somebody does who is just writing it."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(
                "SELECT 1 FROM record.resource WHERE pk = (SELECT pk FROM record.search_row "
                "WHERE type = $1 ORDER BY pk OFFSET $2 LIMIT 1) FOR UPDATE",
                TYPE_CODE["Patient"],
                number,
            )
            yield
    finally:
        await connection.close()


def test_a_stored_parameter_is_searched_by_once_all_is_indexed(stack: Programs) -> None:
    with client_of(stack.fhir) as client:
        before = write(client, patient("blue"))
        write(client, patient("green"))
        write(client, EYE_COLOUR)
        unknown = client.get("/Patient?eye-colour=blue")
        assert unknown.status_code == 400
        assert "There is no search parameter 'eye-colour'" in unknown.text

        told = reindex(client)
        assert {"name": "code", "valueCode": "eye-colour"} in told["parameter"][-1]["part"]
        after = write(client, patient("blue"))
        assert total(client, "eye-colour=blue") == 2
        found = client.get("/Patient?eye-colour=blue").json()["entry"]
        assert {each["resource"]["id"] for each in found} == {before, after}
        assert total(client, "eye-colour:missing=false") == 3
        assert total(client, "_has:Observation:patient:code=x", "Patient") == 0
        progress = client.get("/$reindex-progress").json()
        assert {"name": "complete", "valueBoolean": True} in progress["parameter"]


def test_the_statements_name_what_is_stored(stack: Programs) -> None:
    keeper = definition(
        "kept-by",
        "Patient.generalPractitioner | Observation.performer",
        base=["Patient", "Observation"],
        type="reference",
        target=["Practitioner"],
    )
    with client_of(stack.fhir) as client:
        before = client.get("/metadata")
        assert stated(before, "Patient", "searchParam", "kept-by") == 0
        logical_id = write(client, keeper)
        reindex(client)
        assert total(client, "kept-by:missing=true", "Observation") == 0

        after = client.get("/metadata", headers={"If-None-Match": before.headers["ETag"]})
        assert after.status_code == 200
        for name in ("Patient", "Observation"):
            assert stated(after, name, "searchParam", "kept-by") == 1
            assert stated(after, name, "searchInclude", f"{name}:kept-by") == 1
        assert stated(after, "Practitioner", "searchRevInclude", "Patient:kept-by") == 1
        assert stated(after, "Encounter", "searchParam", "kept-by") == 0

        assert client.delete(f"/SearchParameter/{logical_id}").status_code == 204
        reindex(client)
        assert client.get("/metadata").headers["ETag"] == before.headers["ETag"]


def stated(answer: httpx.Response, resource_type: str, kind: str, name: str) -> int:
    """Count how often the statement names something of a type."""
    [of_type] = [
        each for each in answer.json()["rest"][0]["resource"] if each["type"] == resource_type
    ]
    named = [each["name"] if kind == "searchParam" else each for each in of_type[kind]]
    return named.count(name)


def test_types_that_share_a_stored_parameter_are_searched_together(stack: Programs) -> None:
    shared = definition("badge", "extension('urn:badge').value", base=["Patient", "Practitioner"])
    badge = {"extension": [{"url": "urn:badge", "valueCode": "gold"}]}
    with client_of(stack.fhir) as client:
        found = {
            f"{name}/{write(client, {'resourceType': name} | badge)}" for name in shared["base"]
        }
        write(client, {"resourceType": "Patient"})
        logical_id = write(client, shared)
        reindex(client)
        assert total(client, "badge=gold") == total(client, "badge=gold", "Practitioner") == 1

        of_both = client.get("", params={"_type": "Patient,Practitioner", "badge": "gold"}).json()
        asked = {"_type": "Patient,Practitioner,Encounter", "badge": "gold"}
        of_more = client.get("", params=asked)
        shown = (each["resource"] for each in of_both["entry"])
        assert {f"{each['resourceType']}/{each['id']}" for each in shown} == found
        assert of_more.status_code == 400
        assert "'badge' is not a search parameter of all these types" in of_more.text
        assert client.delete(f"/SearchParameter/{logical_id}").status_code == 204
        reindex(client)


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        (definition("gender", "Patient.gender"), "R4 itself defines 'gender' of Patient."),
        (definition("x", "Patient.gender", base=["Resource"]), "Resource is not a type"),
        (definition("x", "Patient.gender."), "Its expression is not of use."),
        (definition("x", "Patient.gender.sing()"), "Its expression is not of use."),
        (definition("x", "Patient", type="composite"), "A parameter of type composite"),
        (definition("x.y", "Patient.gender"), "'x.y' is no code to search by"),
    ],
)
def test_a_parameter_that_cannot_be_served_is_refused(
    stack: Programs, faulty: dict[str, Any], words: str
) -> None:
    with client_of(stack.fhir) as client:
        logical_id = write(client, faulty)
        answer = client.post("/$reindex", json={"resourceType": "Parameters"})
        assert answer.status_code == 422
        assert words in answer.text
        assert client.delete(f"/SearchParameter/{logical_id}").status_code == 204
        reindex(client)


def test_a_parameter_that_is_gone_is_unknown_after_the_next_reindex(stack: Programs) -> None:
    with client_of(stack.fhir) as client:
        logical_id = write(client, definition("sex", "Patient.gender"))
        reindex(client)
        assert total(client, "sex=male") == 0
        assert client.delete(f"/SearchParameter/{logical_id}").status_code == 204
        reindex(client)
        assert client.get("/Patient?sex=male").status_code == 400


def test_all_writers_index_by_it_from_then_on(url: str) -> None:
    with (
        Programs.separate(url, copies=2) as programs,
        client_of(programs.intake) as one,
        client_of(programs.base("intake-2")) as other,
    ):
        fill(one, MANY)
        write(one, EYE_COLOUR)
        with ThreadPoolExecutor(4) as pool:
            ends = [pool.submit(_write_some, each) for each in (one, other, one, other)]
            reindex(one)
            written = sum(end.result() for end in ends)
        # Each process knows of it at once, whoever registered it.
        assert total(other, "eye-colour=brown") == written
        assert total(one, "eye-colour=green") == MANY


def _write_some(client: httpx.Client) -> int:
    for number in range(25):
        write(client, patient("brown", number))
    return 25


async def test_it_goes_on_after_a_kill_and_r4s_own_parameters_answer_meanwhile(url: str) -> None:
    with Programs.separate(url) as programs, client_of(programs.intake) as client:
        fill(client, MANY)
        write(client, EYE_COLOUR)
        async with held(url, 200):
            reindex(client)
            _becomes(client, done=200)
            refused = client.get("/Patient?eye-colour=green")
            assert refused.status_code == 503
            assert f"200 of {MANY} are done" in refused.text
            assert client.get("/Patient?gender=male").status_code == 200
            assert client.get("/Patient?gender=male&_sort=eye-colour").status_code in {400, 503}
            programs.kill("intake")
            programs.start("intake")
            assert client.get("/Patient?eye-colour=green").status_code == 503
        assert total(client, "eye-colour=green") == MANY


def _becomes(client: httpx.Client, *, done: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for each in client.get("/$reindex-progress").json()["parameter"]:
            if {"name": "done", "valueInteger": done} in each.get("part", ()):
                return
        time.sleep(0.02)
    raise AssertionError("it did not come so far")


async def test_the_record_of_an_older_release_is_indexed_anew_before_it_is_searched(
    url: str,
) -> None:
    with Programs.separate(url) as programs, client_of(programs.intake) as client:
        fill(client, MANY)
        programs.stop("intake")
        owner = await asyncpg.connect(url)
        # As a release before this one left it: without what this one searches by.
        await owner.execute("UPDATE record.search_row SET terms = '{}', generation = 0")
        await owner.execute("DELETE FROM record.search_string; DELETE FROM record.search_date")
        await owner.execute("UPDATE record.site SET search_version = 0")
        versions = await owner.fetchval("SELECT count(*) FROM record.version")
        async with held(url, 100):
            programs.start("intake")
            by_identifier = "identifier=https://clinic.example/records%7C7"
            assert client.get(f"/Patient?{by_identifier}").status_code == 503
            conditional = client.post(
                "/Patient", json=patient("grey", 7), headers={"If-None-Exist": by_identifier}
            )
            assert conditional.status_code == 503
            assert client.get("/metadata").status_code == 200
        assert total(client, by_identifier) == 1
        changed = await owner.fetchval("SELECT count(*) FROM record.version") - versions
        await owner.close()
        assert changed == 0
