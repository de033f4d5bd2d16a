"""Partners are called at public addresses by https, and elsewhere only where it is allowed."""

from __future__ import annotations

import socket
from ipaddress import ip_network
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.client.client import FhirClient
from shared.client.guard import GuardedTransport, NotAllowedError, may_call
from shared.fhir.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")
OWN = (
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "0.0.0.0",
    "::",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "::ffff:10.0.0.1",
    "::ffff:93.184.215.14",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2002:a00:1::",
    "192.0.2.1",
    "2001:db8::1",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_called_by_https(address: str) -> None:
    assert may_call("https", None, address, ())
    assert may_call("https", 443, address, ())
    assert not may_call("https", 8443, address, ())
    assert not may_call("http", None, address, ())
    allowed = [ip_network(address)]
    assert may_call("http", 8080, address, allowed)


@pytest.mark.parametrize("address", OWN)
def test_no_other_address_is_called_unless_it_is_allowed(address: str) -> None:
    assert not may_call("https", None, address, ())
    assert not may_call("https", None, address, [ip_network("198.51.100.0/24")])
    assert may_call("http", 8080, address, [ip_network(address.partition("%")[0])])


@pytest.mark.parametrize(
    "answers",
    [("127.0.0.1",), ("93.184.215.14", "10.0.0.1"), ("10.0.0.1", "93.184.215.14"), ("::1",)],
)
async def test_every_address_of_a_name_must_do(
    monkeypatch: pytest.MonkeyPatch, answers: Sequence[str]
) -> None:
    def resolved(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in answers]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    guard = GuardedTransport(())
    async with FhirClient("https://clinic.example/fhir", transport=guard) as client:
        with pytest.raises(NotAllowedError):
            await client.request("GET", "metadata")


@pytest.mark.parametrize("name", ["a..b.example", f"{'a' * 64}.example"])
async def test_what_cannot_be_a_name_does_not_answer(name: str) -> None:
    guard = GuardedTransport(())
    async with FhirClient(f"https://{name}/fhir", attempts=1, transport=guard) as client:
        with pytest.raises(Unavailable):
            await client.request("GET", "metadata")


@pytest.mark.parametrize("base", ["https://\u2603\u20e3.example/fhir", "https://a.example:b/fhir"])
async def test_what_is_no_address_is_not_called(base: str) -> None:
    async with FhirClient(base, transport=GuardedTransport(())) as client:
        with pytest.raises(NotAllowedError):
            await client.request("GET", "metadata")


async def test_it_is_the_address_looked_at_that_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[httpx.Request] = []

    async def answered(_: object, request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    def resolved(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC[0], 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answered)
    async with FhirClient("https://clinic.example/fhir", transport=GuardedTransport(())) as client:
        await client.request("GET", "metadata")
    [request] = asked
    assert request.url.host == PUBLIC[0]
    assert request.headers["host"] == "clinic.example"
    assert request.extensions["sni_hostname"] == "clinic.example"
