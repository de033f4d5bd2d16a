"""The front door before services at other addresses: what is sent on, and what is down."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from services.front_door import OverHttp, create_front_door
from services.ownership import SERVICES, ServiceName
from shared.fhir.validation import validate
from shared.server.lifespan import running
from tests.unit.asgi import Answer, ask
from tests.unit.server.definitions import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.types import ASGIApp

    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Service:
    """A program that answers every request with the same bytes and remembers what it got."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        self.bodies.append(await _body(head.lower(), reader))
        writer.write(self.answer)
        writer.close()
        await writer.wait_closed()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.heads[-1].strip().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


async def _body(head: str, reader: asyncio.StreamReader) -> bytes:
    if "transfer-encoding: chunked" in head:
        return await reader.readuntil(b"0\r\n\r\n")
    _, _, length = head.partition("content-length: ")
    return await reader.readexactly(int(length.split("\r\n")[0])) if length else b""


@asynccontextmanager
async def before(service: Service, *, path: str = "/fhir") -> AsyncIterator[ASGIApp]:
    """Open the front door before one program that plays plan_api, with the others absent."""
    server = await asyncio.start_server(service.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    urls: dict[ServiceName, str] = dict.fromkeys(SERVICES, await closed_address())
    urls["plan"] = f"http://127.0.0.1:{port}{path}"
    targets = {name: OverHttp(url) for name, url in urls.items()}
    door = create_front_door(targets, DEFINITIONS, base="http://127.0.0.1:8000/fhir")
    async with server, running(door):
        yield door


async def closed_address() -> str:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return f"http://127.0.0.1:{port}/fhir"


def is_down(answer: Answer, name: str) -> bool:
    assert answer.json()["issue"][0]["code"] == "transient"
    assert validate(answer.json()) == []
    named = answer.json()["issue"][0]["diagnostics"].startswith(f"{name}_api ")
    return answer.status == 503 and answer.headers["retry-after"] == "1" and named


async def test_a_request_arrives_as_it_was_sent() -> None:
    service = Service()
    async with before(service) as door:
        answer = await ask(
            door,
            "/fhir/CarePlan?status=active%7Cx&a=b+c",
            method="POST",
            headers={"Content-Length": "14", "Prefer": "return=minimal", "X-Request-Id": "r-1"},
            body=b'{"value":1.10}',
        )

    assert answer.status == 200
    assert service.heads[0].startswith("POST /fhir/CarePlan?status=active%7Cx&a=b+c HTTP/1.1\r\n")
    assert service.bodies == [b'{"value":1.10}']
    assert service.headers["prefer"] == "return=minimal"
    assert service.headers["x-request-id"] == "r-1"


async def test_nothing_is_sent_that_the_client_did_not_say() -> None:
    service = Service()
    async with before(service) as door:
        await ask(door, "/fhir/CarePlan/1")

    assert service.headers.keys() == {"host", "x-request-id"}


async def test_headers_of_one_connection_end_there() -> None:
    service = Service(b'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nETag: W/"1"\r\n' + OK[17:])
    named = {"Connection": "X-Hop", "X-Hop": "1", "TE": "trailers", "X-End": "1"}
    async with before(service) as door:
        answer = await ask(door, "/fhir/CarePlan/1", headers=named)

    assert service.headers.keys() == {"host", "x-request-id", "x-end"}
    assert "keep-alive" not in answer.headers
    assert answer.headers["etag"] == 'W/"1"'


async def test_a_packed_answer_stays_packed() -> None:
    packed = gzip.compress(b'{"value":1.10}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    async with before(Service(head.encode() + packed)) as door:
        answer = await ask(door, "/fhir/CarePlan/1")

    assert answer.body == packed
    assert answer.headers["content-encoding"] == "gzip"


async def test_an_answer_without_a_body_has_none() -> None:
    async with before(Service(b"HTTP/1.1 304 Not Modified\r\n\r\n")) as door:
        answer = await ask(door, "/fhir/CarePlan/1")

    assert (answer.status, answer.body) == (304, b"")


async def test_a_body_of_unknown_length_is_sent_on_in_chunks() -> None:
    service = Service()
    async with before(service) as door:
        await ask(
            door,
            "/fhir/CarePlan",
            method="POST",
            headers={"Transfer-Encoding": "chunked"},
            body=b"{}",
        )

    assert service.bodies == [b"2\r\n{}\r\n0\r\n\r\n"]


@pytest.mark.parametrize(
    ("path", "asked", "arrived"),
    [
        ("/fhir", "/plan/fhir/Goal/1", "/fhir/Goal/1"),
        ("/fhir", "/plan/health/ready", "/health/ready"),
        ("/fhir/", "/fhir/Goal/1", "/fhir/Goal/1"),
        ("/behind/fhir", "/fhir/Goal/1", "/behind/fhir/Goal/1"),
        ("/behind/fhir", "/plan/docs", "/behind/docs"),
    ],
)
async def test_a_path_is_sent_below_the_address_of_the_program(
    path: str, asked: str, arrived: str
) -> None:
    service = Service()
    async with before(service, path=path) as door:
        await ask(door, asked)

    assert service.heads[0].startswith(f"GET {arrived} HTTP/1.1\r\n")


async def test_a_service_that_is_down_takes_only_its_own_types_away() -> None:
    async with before(Service()) as door:
        for path in ("/fhir/Patient/1", "/fhir", "/intake/fhir/Patient/1"):
            assert is_down(await ask(door, path), "intake")
        assert is_down(await ask(door, "/fhir/Observation/1"), "progress")
        assert (await ask(door, "/fhir/CarePlan/1")).status == 200
        assert (await ask(door, "/fhir/metadata")).status == 200
        checks = (await ask(door, "/health/ready")).json()["checks"]

    assert checks["plan_api"] == "ok"
    assert checks["intake_api"] == "It does not answer."


async def test_a_service_that_dies_over_a_request_may_have_acted() -> None:
    async with before(Service(b"")) as door:
        created = await ask(door, "/fhir/CarePlan", method="POST")
        updated = await ask(door, "/fhir/CarePlan/1", method="PUT")

    # What changes nothing twice may be sent again; a client repeats anything after a 503.
    assert is_down(updated, "plan")
    assert created.status == 504
    assert "plan_api stopped" in created.json()["issue"][0]["diagnostics"]
    assert "may have acted" in created.json()["issue"][0]["diagnostics"]


async def test_a_service_that_comes_back_is_found_again() -> None:
    service = Service(b"")
    async with before(service) as door:
        assert (await ask(door, "/fhir/CarePlan/1")).status == 503
        service.answer = OK
        assert (await ask(door, "/fhir/CarePlan/1")).status == 200


async def test_letters_that_a_url_can_not_hold_are_encoded_on_the_way() -> None:
    service = Service()
    async with before(service) as door:
        answer = await ask(door, "/fhir/CarePlan?title=ä|b")

    assert answer.status == 200
    assert "title=%C3%A4" in service.heads[0]
