"""From HTTP to a FhirRequest and back: the bytes are parsed once, strictly.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from shared.access.access import Access
from shared.auth.actor import open_access
from shared.fhir.errors import FhirError, Malformed, TooLarge
from shared.fhir.outcome import operation_outcome
from shared.fhir.writer import write
from shared.observability.access_log import AccessLine, log_access
from shared.observability.request_id import request_id
from shared.server.binary import is_read_natively, native_of
from shared.server.content import (
    FHIR_JSON,
    body_of,
    check_acceptable,
    pretty,
    wants_pretty,
)
from shared.server.engine import internal_error
from shared.server.payload import with_payload
from shared.server.preferences import outcome_of, preferred
from shared.server.query_string import pairs_of
from shared.server.request import Context, FhirRequest, FhirResponse
from shared.server.routing import route
from shared.server.turns import Turns

if TYPE_CHECKING:
    from datetime import tzinfo

    from starlette.types import Receive, Scope, Send

    from shared.auth.actor import Admit
    from shared.server.engine import Engine
    from shared.server.metrics import Metrics

_MAX_URL: Final = 8192
_MAX_HEADERS: Final = 16_384
_CRITERIA: Final = "if-none-exist"
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_CONTENT_TYPE: Final = f"{FHIR_JSON}; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where this server is: its public FHIR base, every base it answers at, and its zone."""

    base: str
    bases: tuple[str, ...]
    zone: tzinfo


class FhirEndpoint:
    """The ASGI application of a service's FHIR base."""

    def __init__(
        self, engine: Engine, addresses: Addresses, metrics: Metrics, *, admit: Admit = open_access
    ) -> None:
        self._engine = engine
        self._addresses = addresses
        self._metrics = metrics
        self._admit = admit
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        started = time.perf_counter()
        request = Request(scope, receive)
        trace = request_id(request.headers.get("x-request-id"))
        told: FhirRequest | None = None
        issues: tuple[str, ...] = ()
        try:
            told = _addressed(request)
            response = _response(told, await self._answer(request, told, trace))
        except FhirError as error:
            issues = tuple(issue.code for issue in error.issues)
            response = _refusal(error)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an outcome
            issues = ("exception",)
            response = _refusal(internal_error(trace))
        response.headers["X-Request-Id"] = trace
        if told is None or told.interaction != "capabilities":
            response.headers["Cache-Control"] = "no-store"
        await response(scope, receive, send)
        self._account(request, told, response.status_code, issues, trace, started)

    async def _answer(self, request: Request, told: FhirRequest, trace: str) -> FhirResponse:
        tenant = self._engine.store.tenant
        context = self._context(Access.nothing(tenant), trace)
        try:
            context = self._context(self._admit(told.headers, tenant), trace)
            if not is_read_natively(told):
                check_acceptable(told.headers, told.query)
            body = await body_of(request) if told.method in _WITH_BODY else None
        except FhirError as error:
            await self._engine.refused(told, context, error)
            raise
        async with self._turns.of(len(body or b"")):
            told = await self._understood(told, body, context)
            if _is_transaction(told):
                return await self._engine.dispatch(told, context)
        # What a batch asks of others may come back here: holding a place, both would wait for ever.
        return await self._engine.dispatch(told, context)

    async def _understood(
        self, told: FhirRequest, body: bytes | None, context: Context
    ) -> FhirRequest:
        """Read what the body says; of a refusal there is a line in the audit."""
        try:
            return told if body is None else with_payload(told, body)
        except FhirError as error:
            await self._engine.refused(told, context, error)
            raise

    def _context(self, access: Access, trace: str) -> Context:
        return Context(
            caller=access.caller,
            access=access,
            now=self._engine.store.now(),
            request_id=trace,
            base=self._addresses.base,
            bases=self._addresses.bases,
            zone=self._addresses.zone,
            policy=self._engine.store.policy,
        )

    def _account(
        self,
        request: Request,
        told: FhirRequest | None,
        status: int,
        issues: tuple[str, ...],
        trace: str,
        started: float,
    ) -> None:
        seconds = time.perf_counter() - started
        interaction = "unknown" if told is None else told.interaction
        resource_type = None if told is None else told.type
        self._metrics.observe(interaction, resource_type, status, seconds)
        log_access(
            AccessLine(
                service=self._engine.definition.name,
                method=request.method,
                interaction=interaction,
                type=resource_type,
                status=status,
                issues=issues,
                request_id=trace,
                milliseconds=seconds * 1000,
            )
        )


def _addressed(request: Request) -> FhirRequest:
    """Understand what is asked for, before any body is read."""
    if sum(len(name) + len(value) for name, value in request.headers.raw) > _MAX_HEADERS:
        raise TooLarge("The headers are too long.")
    interaction, fields = route(request.method, _path(request))
    query = pairs_of(request.scope["query_string"])
    return FhirRequest(
        request.method, interaction, **fields, query=query, headers=_headers(request)
    )


def _headers(request: Request) -> dict[str, str]:
    """Read the headers; what stands in several lines is one list.

    https://www.rfc-editor.org/rfc/rfc9110#section-5.3
    """
    told: dict[str, str] = {}
    for name, value in request.headers.items():
        if name == _CRITERIA and name in told:
            # A list of criteria would be other criteria.
            raise Malformed("The header If-None-Exist may stand once.")
        told[name] = f"{told[name]}, {value}" if name in told else value
    if _CRITERIA in told:
        told[_CRITERIA] = _in_utf_8(told[_CRITERIA])
    return told


def _in_utf_8(value: str) -> str:
    """Read a header as an address is read: what was misread would match nothing, and be made."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise Malformed("If-None-Exist is ASCII or UTF-8.") from None


def _path(request: Request) -> str:
    """Give the path below the FHIR base, from the bytes that were sent.

    The decoded path would hide tricks; an address of ours has nothing that must be encoded.
    """
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    if len(raw) + len(request.scope["query_string"]) > _MAX_URL:
        raise TooLarge("The address is too long; use POST with _search.")
    _, _, below = raw.decode("ascii", "replace").partition("/fhir")
    return below.removeprefix("/")


def _is_transaction(told: FhirRequest) -> bool:
    posted = told.resource if told.interaction == "bundle" else None
    return posted is not None and posted.get("type") == "transaction"


def _response(request: FhirRequest, answer: FhirResponse) -> Response:
    headers = dict(answer.headers)
    if answer.version is not None:
        headers["ETag"] = f'W/"{answer.version.number}"'
        headers["Last-Modified"] = format_datetime(answer.version.updated, usegmt=True)
    if answer.location is not None:
        headers[_naming(request, answer)] = answer.location
    body = _preferred(request, answer)
    native = native_of(body) if body is not None and is_read_natively(request) else None
    if native is not None:
        return Response(native.content, answer.status, {**headers, **native.headers})
    if body is not None and wants_pretty(request.query):
        body = pretty(body)
    if body is None:
        return Response(status_code=answer.status, headers=headers)
    return Response(body, answer.status, headers, media_type=_CONTENT_TYPE)


def _naming(request: FhirRequest, answer: FhirResponse) -> str:
    """Name the header that tells of a version: what was made, or what this answer is about.

    https://www.rfc-editor.org/rfc/rfc9110#section-8.7
    """
    made = answer.status == 201 or request.interaction == "create"
    return "Location" if made else "Content-Location"


def _preferred(request: FhirRequest, answer: FhirResponse) -> bytes | None:
    match preferred(request, request.headers):
        case "minimal":
            return None
        case "OperationOutcome":
            return write(outcome_of(answer))
    return answer.body


def _refusal(error: FhirError) -> Response:
    outcome = write(operation_outcome(error.issues))
    return Response(outcome, error.status, error.headers, media_type=_CONTENT_TYPE)
