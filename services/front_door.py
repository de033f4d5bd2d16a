"""One ASGI app that sends each request to the service that owns the type.

`/fhir/…` goes by type, `/plan/…` to plan_api's own base. An address has one form: what two
programs could read in two ways (`//`, `..`, `;`, `%2F`, a slash at the end) is found nowhere.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import httpx

from services.front_pages import front_pages, refusal
from services.ownership import DOOR_KEEPER, SERVICES, ServiceName, owner_of
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import FhirError, NotFound, TooLarge, Unavailable
from shared.observability.access_log import AccessLine, log_access
from shared.observability.request_id import request_id
from shared.server.compartments import COMPARTMENTS
from shared.server.forwarding import InMemory, OverHttp, Target, below_root
from shared.server.health import OK, Readiness
from shared.server.interactions.capabilities import OF_ALL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from shared.server.definition import ServiceDefinition

__all__ = ["InMemory", "OverHttp", "create_front_door", "route"]

_STEP: Final = rb"/[A-Za-z0-9\-._$*]+"
# A base may be written with its slash: clients join addresses in both ways.
_ONE_FORM: Final = re.compile(rb"/|(?:/[a-z]+)?/fhir/|(?:%b)+" % _STEP)
_DOTS: Final = re.compile(rb"/\.{1,2}(?:/|$)")
_MAX_URL: Final = 8192
_READY_SECONDS: Final = 1.0
_HEADER: Final = b"x-request-id"
_READ_BY: Final = frozenset({"GET", "HEAD"})


def route(path: str) -> ServiceName:
    """Name the service that answers an address below the FHIR base, such as `Patient/7`."""
    resource_type, *rest = path.split("/")
    if not resource_type or resource_type.startswith("$"):
        return DOOR_KEEPER
    if resource_type in COMPARTMENTS and len(rest) > 1 and rest[1] in TYPE_CODE:
        return owner_of(rest[1])
    is_operation = bool(rest) and rest[-1].startswith("$")
    return owner_of(resource_type, rest[-1][1:] if is_operation else None)


def create_front_door(
    services: Mapping[ServiceName, Target], definitions: Sequence[ServiceDefinition], *, base: str
) -> ASGIApp:
    """Build the app that serves all services at one base, and starts and stops those in memory."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for name in SERVICES:
                await stack.enter_async_context(services[name].running())
            yield
            readiness.draining = True

    async def check() -> Mapping[str, str]:
        found = await asyncio.gather(*(_state(services[name]) for name in SERVICES))
        return {f"{name}_api": state for name, state in zip(SERVICES, found, strict=True)}

    # A service that is down takes only its own types away, so it does not decide.
    readiness = Readiness(check, decides=False)
    pages = front_pages(definitions, readiness, lifespan, base=base, version=version("stepdown"))
    return FrontDoor(services, pages)


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """The services by name, and the front door's own pages."""

    services: Mapping[ServiceName, Target]
    pages: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send one request to where it belongs."""
        if scope["type"] != "http":
            await self.pages(scope, receive, send)
            return
        started = time.perf_counter()
        scope, trace = _identified(scope)
        try:
            await self._send_on(scope, receive, send)
        except FhirError as error:
            await refusal(error, trace)(scope, receive, send)
            _log_refusal(scope["method"], error, trace, time.perf_counter() - started)

    async def _send_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        first, _, rest = _path(scope).removeprefix("/").partition("/")
        name = route(rest) if first == "fhir" else next((n for n in SERVICES if n == first), None)
        if (first, rest) == ("fhir", "metadata"):
            await self._tell(scope, receive, send)
            return
        if name is None:
            await self.pages(scope, receive, send)
            return
        if first != "fhir":
            scope = {**scope, "root_path": f"{scope.get('root_path', '')}/{first}"}
        try:
            await self.services[name](scope, receive, send)
        except Unavailable as error:
            raise type(error)(f"{name}_api {error}", headers=error.headers) from error

    async def _tell(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell what is served: only who holds the record knows what is stored to search by."""
        asked = {**scope, "headers": [*scope["headers"], (OF_ALL.encode(), b"1")]}
        try:
            if scope["method"] in _READ_BY:
                await self.services[DOOR_KEEPER](asked, receive, send)
                return
        except Unavailable:
            pass
        await self.pages(scope, receive, send)


def _path(scope: Scope) -> str:
    raw = below_root(scope)
    if len(raw) + len(scope["query_string"]) > _MAX_URL:
        raise TooLarge("The address is too long; use POST with _search.")
    if not _ONE_FORM.fullmatch(raw) or _DOTS.search(raw):
        raise NotFound("There is nothing at this address.")
    return raw.decode()


def _identified(scope: Scope) -> tuple[Scope, str]:
    given = next(
        (value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER), None
    )
    trace = request_id(given)
    if trace == given:
        return scope, trace
    others = [(name, value) for name, value in scope["headers"] if name != _HEADER]
    return {**scope, "headers": [*others, (_HEADER, trace.encode())]}, trace


def _log_refusal(method: str, error: FhirError, trace: str, seconds: float) -> None:
    line = AccessLine(
        service="front-door",
        method=method,
        interaction=None,
        type=None,
        status=error.status,
        issues=tuple(issue.code for issue in error.issues),
        request_id=trace,
        milliseconds=seconds * 1000,
    )
    log_access(line)


async def _state(service: Target) -> str:
    transport = httpx.ASGITransport(service)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        try:
            async with asyncio.timeout(_READY_SECONDS):
                answer = await client.get("/health/ready")
        except (TimeoutError, Unavailable):
            return "It does not answer."
    return OK if answer.is_success else "It is not ready."
