"""The FHIR client against a partner that answers from a script, over a real socket."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from shared.client import Answer, FhirClient
from shared.client.answer import reasons_of
from shared.fhir.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Line = tuple[int, dict[str, str]] | None
AT_ONCE = {"Retry-After": "0"}
DROP: Line = None


@dataclass
class Partner:
    """A FHIR server outside: each request is answered by the next line of the script."""

    script: list[Line]
    base: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append((head[0], headers, body))
        line = self.script.pop(0)
        if line is not None:
            status, given = line
            told = "".join(f"{name}: {value}\r\n" for name, value in given.items())
            writer.write(f"HTTP/1.1 {status} X\r\n{told}Content-Length: 2\r\n".encode())
            writer.write(b"Connection: close\r\n\r\n{}")
            await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def a_partner(*script: Line) -> AsyncIterator[Partner]:
    partner = Partner(list(script))
    server = await asyncio.start_server(partner.answer, "127.0.0.1", 0)
    async with server:
        partner.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/fhir"
        yield partner


async def test_a_request_goes_below_the_base_with_fhir_headers_and_the_actor() -> None:
    async with a_partner((200, {"ETag": 'W/"1"'})) as partner:
        async with FhirClient(partner.base + "/", actor="Practitioner/7") as client:
            answer = await client.request("PUT", "/Patient/1", b"{}", {"If-Match": 'W/"1"'})
        line, headers, body = partner.requests[0]
    assert line == "PUT /fhir/Patient/1 HTTP/1.1"
    assert headers["accept"] == headers["content-type"] == "application/fhir+json"
    assert headers["x-stepdown-actor"] == "practitioner/7"
    assert headers["if-match"] == 'w/"1"'
    assert body == b"{}"
    assert (answer.status, answer.headers["etag"], answer.body) == (200, 'W/"1"', b"{}")


async def test_an_absolute_path_cannot_lead_to_another_server() -> None:
    async with a_partner((404, {})) as partner:
        async with FhirClient(partner.base) as client:
            await client.request("GET", "http://elsewhere.example/Patient/1")
        assert partner.requests[0][0].startswith("GET /fhir/http://elsewhere.example/")


async def test_a_transaction_is_posted_to_the_base_itself() -> None:
    async with a_partner((200, {})) as partner:
        async with FhirClient(partner.base) as client:
            await client.transaction({"resourceType": "Bundle", "type": "transaction"})
        line, _, body = partner.requests[0]
    assert line == "POST /fhir HTTP/1.1"
    assert json.loads(body) == {"resourceType": "Bundle", "type": "transaction"}


@pytest.mark.parametrize("status", [429, 503])
async def test_a_transaction_that_was_not_acted_on_is_repeated(status: int) -> None:
    async with a_partner((status, AT_ONCE), (status, AT_ONCE), (200, {})) as partner:
        async with FhirClient(partner.base) as client:
            assert (await client.transaction(b"{}")).status == 200
        assert len(partner.requests) == 3


@pytest.mark.parametrize("status", [502, 504])
async def test_a_transaction_that_may_have_been_acted_on_is_repeated_only_where_said(
    status: int,
) -> None:
    script: list[Line] = [(status, AT_ONCE), (status, AT_ONCE), (200, {})]
    async with a_partner(*script) as partner, FhirClient(partner.base) as client:
        assert (await client.transaction(b"{}")).status == status
        assert (await client.transaction(b"{}", repeatable=True)).status == 200


async def test_a_post_on_a_connection_that_broke_is_not_repeated_but_a_get_is() -> None:
    async with a_partner(DROP, DROP, (200, {})) as partner:
        async with FhirClient(partner.base) as client:
            with pytest.raises(Unavailable):
                await client.transaction(b"{}")
            assert (await client.request("GET", "metadata")).status == 200
        assert [line.split()[0] for line, _, _ in partner.requests] == ["POST", "GET", "GET"]


async def test_after_the_last_attempt_the_answer_is_given_as_it_is() -> None:
    script: list[Line] = [(503, AT_ONCE), (503, AT_ONCE)]
    async with a_partner(*script) as partner, FhirClient(partner.base, attempts=2) as client:
        assert (await client.request("GET", "metadata")).status == 503


async def test_a_server_that_is_not_there_is_told_in_one_sentence_without_the_password() -> None:
    async with a_partner() as partner:
        base = partner.base
    async with FhirClient(base.replace("//", "//name:secret@"), attempts=2) as client:
        with pytest.raises(Unavailable) as caught:
            await client.transaction(b"{}")
    assert str(caught.value) == f"{base} does not answer."


def test_reasons_are_the_diagnostics_with_their_places() -> None:
    outcome = {
        "issue": [
            {"code": "required", "diagnostics": "It is missing.", "expression": ["Patient.name"]},
            {"code": "conflict"},
        ]
    }
    assert reasons_of(outcome) == ["Patient.name: It is missing.", "conflict"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"issue": "no"}', b'{"issue": [1]}'])
def test_an_answer_that_is_no_outcome_gives_its_status_as_the_reason(body: bytes) -> None:
    assert Answer(502, {}, body).reasons() == ["the server answered 502"]
