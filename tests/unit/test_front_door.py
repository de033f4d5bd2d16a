"""The front door sends each request to its owner, and finds a strange path nowhere."""

from __future__ import annotations

import gzip
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.front_door import InMemory, create_front_door, route
from services.ownership import OPERATION_OWNER, SERVICES, owner_of
from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.errors import Unavailable
from shared.fhir.validation import validate
from shared.server.capabilities import capability_statement
from shared.server.lifespan import LifespanFailed, running
from tests.unit.asgi import ask
from tests.unit.server.definitions import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

BASE = "http://127.0.0.1:8000/fhir"
REPORT = ("name", "path", "route", "query", "body", "trace")


def service(name: str, notes: list[str], *, ready: int = 200) -> Starlette:
    """Build an app that answers what it was asked."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        notes.append(f"{name} starts")
        yield
        notes.append(f"{name} stops")

    async def health(_: Request) -> Response:
        return JSONResponse({}, ready)

    async def echo(request: Request) -> Response:
        told = (
            name,
            request.url.path,
            request.path_params["rest"],
            request.url.query,
            (await request.body()).decode(),
            request.headers["x-request-id"],
        )
        return JSONResponse(dict(zip(REPORT, told, strict=True)))

    methods = ["GET", "HEAD", "POST", "PUT", "DELETE"]
    routes = [Route("/health/ready", health), Route("/{rest:path}", echo, methods=methods)]
    return Starlette(routes=routes, lifespan=lifespan)


def front_door(notes: list[str] | None = None, *, plan_ready: int = 200) -> ASGIApp:
    noted = [] if notes is None else notes
    ready = {"plan": plan_ready}
    apps = {name: service(name, noted, ready=ready.get(name, 200)) for name in SERVICES}
    targets = {name: InMemory(app) for name, app in apps.items()}
    return create_front_door(targets, DEFINITIONS, base=BASE)


class Away:
    """A service that does not answer."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        raise Unavailable("is not answering; try again.")


DOOR = front_door()
ALONE = create_front_door({name: Away() for name in SERVICES}, DEFINITIONS, base=BASE)


@pytest.mark.parametrize("resource_type", RESOURCE_TYPES)
def test_every_address_of_a_type_goes_to_its_owner(resource_type: str) -> None:
    for rest in ("", "/1", "/1/_history", "/1/_history/2", "/_search", "/1/$meta", "/$validate"):
        assert route(resource_type + rest) == owner_of(resource_type)


@pytest.mark.parametrize(("operation", "owner"), OPERATION_OWNER.items())
def test_an_operation_goes_to_its_own_owner(operation: tuple[str, str], owner: str) -> None:
    resource_type, code = operation

    assert route(f"{resource_type}/${code}") == owner
    assert route(f"{resource_type}/1/${code}") == owner
    assert route(f"{resource_type}/1/{code}") == owner_of(resource_type)
    assert route(f"{resource_type}/1/${code}-not") == owner_of(resource_type)


@pytest.mark.parametrize(
    "path", ["", "$clock", "$process-message", "_history", "_search", "Nothing/1", "observation"]
)
def test_the_system_and_what_is_unknown_go_to_intake(path: str) -> None:
    assert route(path) == "intake"


def test_a_compartment_is_searched_where_the_type_is_that_is_searched() -> None:
    assert route("Patient/1/Observation") == "progress"
    assert route("Encounter/1/CarePlan/_search") == "plan"
    assert route("Patient/1/Encounter") == "intake"
    assert route("Patient/1/*") == "intake"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/fhir/Patient/1", "intake"),
        ("GET", "/fhir/CarePlan/1", "plan"),
        ("PUT", "/fhir/Observation/1", "progress"),
        ("POST", "/fhir", "intake"),
        ("POST", "/fhir/", "intake"),
        ("POST", "/intake/fhir/", "intake"),
        ("POST", "/fhir/$clock", "intake"),
        ("GET", "/fhir/Patient/1/$progress", "progress"),
        ("DELETE", "/fhir/Goal/1", "plan"),
    ],
)
async def test_a_request_reaches_its_service_untouched(method: str, path: str, name: str) -> None:
    answer = await ask(DOOR, f"{path}?a=1%7C2&a=3", method=method, body=b'{"value":1.10}')
    told = answer.json()

    assert (told["name"], told["path"], told["query"]) == (name, path, "a=1%7C2&a=3")
    assert told["body"] == '{"value":1.10}'


@pytest.mark.parametrize("name", SERVICES)
async def test_each_service_has_its_own_base_behind_the_door(name: str) -> None:
    told = (await ask(DOOR, f"/{name}/fhir/CarePlan/1")).json()

    assert (told["name"], told["route"]) == (name, "fhir/CarePlan/1")
    assert (await ask(DOOR, f"/{name}/{name}/fhir/x")).json()["route"] == f"{name}/fhir/x"


STRANGE = [
    "//",
    "//fhir/CarePlan/1",
    "/fhir//CarePlan/1",
    "/fhir/CarePlan//1",
    "/fhir/CarePlan%2F1",
    "/fhir%2FCarePlan/1",
    "/fhir/CarePlan/%2e%2e/Patient/1",
    "/fhir/CarePlan/../Patient/1",
    "/fhir/./CarePlan/1",
    "/fhir/CarePlan/.",
    "/fhir/..",
    "/plan/../intake/fhir/Patient",
    "/fhir/CarePlan;x/1",
    "/fhir/CarePlan/1;x=y",
    "/fhir/CarePlan/1/",
    "/fhir/CarePlan/",
    "/fhir//",
    "/fhir/%43arePlan/1",
    "/fhir/CarePlan/1%00",
    "/fhir/CarePlan\\1",
    "/FHIR/CarePlan/1",
    "/Plan/fhir/CarePlan/1",
    "/plan//fhir/CarePlan/1",
    "/fhirs/CarePlan/1",
    "/nothing",
    "*",
    "",
]


@pytest.mark.parametrize("path", STRANGE)
async def test_a_path_in_any_other_form_is_found_nowhere(path: str) -> None:
    answer = await ask(DOOR, path)

    assert answer.status == 404
    assert answer.json()["issue"][0]["code"] == "not-found"
    assert "x-request-id" in answer.headers


async def test_the_plain_form_of_these_paths_is_found() -> None:
    assert (await ask(DOOR, "/fhir/CarePlan/1")).json()["name"] == "plan"
    assert (await ask(DOOR, "/fhir/CarePlan/a..b.-")).json()["name"] == "plan"


async def test_a_long_address_is_refused_before_anyone_reads_it() -> None:
    assert (await ask(DOOR, "/fhir/Patient?name=" + "a" * 8000)).status == 200
    assert (await ask(DOOR, "/fhir/Patient?name=" + "a" * 9000)).status == 413


async def test_the_id_of_a_request_is_kept_or_made_once() -> None:
    given = await ask(DOOR, "/fhir/Patient/1", headers={"X-Request-Id": "r-1"})
    made = await ask(DOOR, "/fhir/Patient/1")
    bad = await ask(DOOR, "/fhir/Patient/1", headers={"X-Request-Id": "a b"})

    assert given.json()["trace"] == "r-1"
    assert len({"r-1", "a b", "", made.json()["trace"], bad.json()["trace"]}) == 5
    assert (await ask(DOOR, "//", headers={"X-Request-Id": "r-1"})).headers["x-request-id"] == "r-1"


async def test_the_statement_is_what_intake_tells_of_all_three() -> None:
    asked: list[dict[bytes, bytes]] = []

    class Noting(InMemory):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            asked.append(dict(scope["headers"]))
            await super().__call__(scope, receive, send)

    targets = {name: Noting(service(name, [])) for name in SERVICES}
    door = create_front_door(targets, DEFINITIONS, base=BASE)
    told = (await ask(door, "/fhir/metadata?_pretty=true")).json()

    assert (told["name"], told["path"], told["query"]) == (
        "intake",
        "/fhir/metadata",
        "_pretty=true",
    )
    assert [b"x-stepdown-of-all-services" in each for each in asked] == [True]
    await ask(door, "/intake/fhir/metadata")
    assert b"x-stepdown-of-all-services" not in asked[-1]


async def test_the_statement_without_intake_is_that_of_all_three() -> None:
    answer = await ask(ALONE, "/fhir/metadata")
    version = answer.json()["software"]["version"]

    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert answer.json() == capability_statement(*DEFINITIONS, base=BASE, software_version=version)


async def test_the_statement_is_not_sent_again_to_who_has_it() -> None:
    etag = (await ask(ALONE, "/fhir/metadata")).headers["etag"]

    answer = await ask(ALONE, "/fhir/metadata", headers={"If-None-Match": etag})

    assert (answer.status, answer.body) == (304, b"")
    other = await ask(ALONE, "/fhir/metadata", headers={"If-None-Match": 'W/"other"'})
    assert other.status == 200


async def test_the_statement_is_packed_for_who_asks() -> None:
    plain = await ask(ALONE, "/fhir/metadata")
    packed = await ask(ALONE, "/fhir/metadata", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize(
    ("target", "headers"),
    [("/fhir/metadata?_format=xml", {}), ("/fhir/metadata", {"Accept": "application/fhir+xml"})],
)
async def test_the_statement_is_given_in_json_only(target: str, headers: dict[str, str]) -> None:
    answer = await ask(ALONE, target, headers=headers)

    assert answer.status == 406
    assert validate(answer.json()) == []
    assert (await ask(ALONE, "/fhir/metadata?_format=json", headers=headers)).status == 200


async def test_the_statement_can_only_be_read() -> None:
    answer = await ask(ALONE, "/fhir/metadata", method="POST")

    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_the_documents_and_the_page_are_there() -> None:
    document = (await ask(DOOR, "/openapi.json")).json()
    page = await ask(DOOR, "/")

    assert {"/fhir/Patient", "/fhir/CarePlan", "/fhir/Observation"} <= document["paths"].keys()
    assert (await ask(DOOR, "/docs")).status == 200
    assert BASE in page.text()
    assert all(f"{name}/docs" in page.text() for name in SERVICES)


async def test_the_door_is_ready_and_tells_of_each_service() -> None:
    all_well = (await ask(DOOR, "/health/ready")).json()["checks"]
    answer = await ask(front_door(plan_ready=503), "/health/ready")

    assert all_well == dict.fromkeys(("intake_api", "plan_api", "progress_api"), "ok")
    assert answer.status == 200
    assert answer.json()["checks"] == all_well | {"plan_api": "It is not ready."}
    assert (await ask(DOOR, "/health/live")).status == 200


async def test_each_service_starts_once_and_stops_once() -> None:
    notes: list[str] = []
    async with running(front_door(notes)):
        assert notes == [f"{name} starts" for name in SERVICES]
        notes.clear()

    assert notes == [f"{name} stops" for name in reversed(SERVICES)]


async def test_a_service_that_cannot_start_keeps_the_door_shut() -> None:
    @asynccontextmanager
    async def failing(_: Starlette) -> AsyncIterator[None]:
        raise RuntimeError
        yield

    notes: list[str] = []
    targets = {name: InMemory(service(name, notes)) for name in SERVICES}
    targets["progress"] = InMemory(Starlette(lifespan=failing))
    with pytest.raises(LifespanFailed):
        async with running(create_front_door(targets, DEFINITIONS, base=BASE)):
            pass

    assert notes == ["intake starts", "plan starts", "plan stops", "intake stops"]


async def test_a_refusal_of_the_door_is_a_valid_outcome() -> None:
    assert validate(json.loads((await ask(DOOR, "//")).body)) == []
