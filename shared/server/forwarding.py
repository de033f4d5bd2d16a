"""Two ways to reach a program's app: in memory, or over HTTP, streaming both ways."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote

import httpx

from shared.client.retry import IDEMPOTENT
from shared.fhir.errors import OutcomeUnknown, Unavailable
from shared.server.lifespan import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from starlette.types import ASGIApp, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

# https://www.rfc-editor.org/rfc/rfc9110#name-connection
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# What is not among these must be encoded in a URL.
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
# Of these the program that stands in front writes its own.
_OF_REQUEST: Final = _HOP_BY_HOP | {b"host"}
_OF_RESPONSE: Final = _HOP_BY_HOP | {b"date", b"server"}
_RETRY_AFTER: Final = {"Retry-After": "1"}
# A statement ends by itself long before; a connection kept longer than the other side keeps it
# would be found closed by a request that is not safe to repeat.
_TIMEOUT: Final = httpx.Timeout(300, connect=2)
_LIMITS: Final = httpx.Limits(max_connections=None, keepalive_expiry=2)


class Target(Protocol):
    """A program that requests are sent to; `running` holds what it needs for that."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Start it, and stop it at the end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as an ASGI app."""


class InMemory:
    """An app in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def running(self) -> AbstractAsyncContextManager[None]:
        """Start the app, and stop it at the end."""
        return running(self._app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request over."""
        await self._app(scope, receive, send)


class OverHttp:
    """A program at another address, given by its FHIR base (`http://127.0.0.1:8001/fhir`)."""

    def __init__(self, fhir_base: str) -> None:
        self._root = httpx.URL(fhir_base.rstrip("/").removesuffix("/fhir"))
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold connections; whether the program is up is seen at each request."""
        async with httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT, limits=_LIMITS) as client:
            self._client = client
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the request on, and the answer back as it comes.

        :raises Unavailable: when the program does not answer, and nothing was sent back yet.
        :raises OutcomeUnknown: when it may have done what must not be done twice.
        """
        if self._client is None:
            raise AssertionError("a request came before the start")
        request = self._request(scope, receive)
        try:
            response = await self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unavailable("is not answering; try again.", headers=_RETRY_AFTER) from error
        except httpx.TransportError as error:
            raise _unanswered(scope["method"]) from error
        try:
            await _send_back(response, send)
        finally:
            await response.aclose()

    def _request(self, scope: Scope, receive: Receive) -> httpx.Request:
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        below = quote(below_root(scope) + query, safe=_PRINTABLE).encode()
        raw_path = self._root.raw_path.rstrip(b"/") + below
        headers = _passed_on(list(scope["headers"]), _OF_REQUEST)
        names = {name.lower() for name, _ in scope["headers"]}
        has_body = not names.isdisjoint({b"content-length", b"transfer-encoding"})
        return httpx.Request(
            scope["method"],
            self._root.copy_with(raw_path=raw_path),
            headers=headers,
            content=_body(receive) if has_body else None,
        )


def below_root(scope: Scope) -> bytes:
    """Give the path as it was sent, below where the app is mounted."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.removeprefix(scope.get("root_path", "").encode())


def _unanswered(method: str) -> Unavailable:
    if method in IDEMPOTENT:
        return Unavailable("stopped answering; try again.", headers=_RETRY_AFTER)
    return OutcomeUnknown("stopped answering, and may have acted.")


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx.ReadError("the client went away")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _send_back(response: httpx.Response, send: Send) -> None:
    headers = _passed_on(response.headers.raw, _OF_RESPONSE)
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
    await send(start)
    async for piece in response.aiter_raw():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _passed_on(headers: Headers, dropped: frozenset[bytes]) -> Headers:
    lowered = [(name.lower(), value) for name, value in headers]
    named = b",".join(value for name, value in lowered if name == b"connection")
    also = {name.strip().lower() for name in named.split(b",")}
    return [(name, value) for name, value in lowered if name not in dropped and name not in also]
