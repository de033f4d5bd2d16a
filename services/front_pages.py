"""What the front door answers itself: the statement and the documents of all three services.

Made once from the definitions, without asking anyone, so they are there when a service is not.
The statement is given where intake_api does not, which knows the stored search parameters too.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.ownership import SERVICES
from shared.fhir.errors import FhirError, MethodNotAllowed, NotFound
from shared.fhir.outcome import operation_outcome
from shared.fhir.writer import write
from shared.server.capabilities import capability_statement
from shared.server.conditions import client_has_document, etag_of
from shared.server.content import FHIR_JSON, check_acceptable, pretty, wants_pretty
from shared.server.documentation import documentation_routes
from shared.server.health import health_router
from shared.server.openapi import openapi

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request

    from shared.fhir.reader import JsonObject
    from shared.server.definition import ServiceDefinition
    from shared.server.health import Readiness

    Endpoint = Callable[[Request], Awaitable[Response]]

TITLE: Final = "Stepdown"
_GZIP_FROM_BYTES: Final = 2048
_FHIR: Final = f"{FHIR_JSON}; charset=utf-8"
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Stepdown</title></head>
<body>
<h1>Stepdown</h1>
<p>Care coordination over FHIR R4. The FHIR base is <code>{base}</code>:
<a href="fhir/metadata?_pretty=true">what it serves</a>, <a href="docs">how to ask</a>,
<a href="health/ready">how it is</a>.</p>
<ul>
{services}
</ul>
</body>
</html>
"""
_SERVICE: Final = (
    '<li>{name}_api: <a href="{name}/docs">docs</a>, '
    '<a href="{name}/fhir/metadata?_pretty=true">metadata</a>, '
    '<a href="{name}/health/ready">health</a></li>'
)
_PAGE_HEADERS: Final = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


def front_pages(
    definitions: Sequence[ServiceDefinition],
    readiness: Readiness,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    *,
    base: str,
    version: str,
) -> FastAPI:
    """Build the app of the front door's own pages."""
    statement = capability_statement(*definitions, base=base, software_version=version)
    app = FastAPI(
        title=TITLE,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={FhirError: _refused, HTTPException: _not_served},
    )
    app.include_router(health_router(readiness))
    app.router.routes += [
        Route("/", _page(base)),
        Route("/fhir/metadata", _document(statement, _FHIR)),
        Route(
            "/openapi.json", _document(openapi(*definitions, version=version), "application/json")
        ),
        *documentation_routes(TITLE),
    ]
    app.add_middleware(GZipMiddleware, minimum_size=_GZIP_FROM_BYTES)
    return app


def refusal(error: FhirError, request_id: str) -> Response:
    """Answer with what went wrong."""
    headers = error.headers | {"X-Request-Id": request_id}
    return Response(write(operation_outcome(error.issues)), error.status, headers, media_type=_FHIR)


def _document(content: JsonObject, media_type: str) -> Endpoint:
    body = write(content)
    etag = etag_of(body)

    async def give(request: Request) -> Response:
        query = tuple(request.query_params.multi_items())
        check_acceptable(dict(request.headers), query)
        headers = {"ETag": etag, "X-Request-Id": request.headers["x-request-id"]}
        if client_has_document(etag, request.headers):
            return Response(status_code=304, headers=headers)
        shown = pretty(body) if wants_pretty(query) else body
        return Response(shown, headers=headers, media_type=media_type)

    return give


def _page(base: str) -> Endpoint:
    services = "\n".join(_SERVICE.format(name=name) for name in SERVICES)
    text = _PAGE.format(base=html.escape(base), services=services)

    async def show(_: Request) -> Response:
        return HTMLResponse(text, headers=_PAGE_HEADERS)

    return show


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, FhirError):
        raise error
    return refusal(error, request.headers["x-request-id"])


async def _not_served(request: Request, error: Exception) -> Response:
    known: FhirError = NotFound("There is nothing at this address.")
    if isinstance(error, HTTPException) and error.status_code == MethodNotAllowed.status:
        # Starlette gives the methods as a set, in another order each time.
        methods = sorted((error.headers or {})["Allow"].split(", "))
        text = f"{request.method} is not served at this address."
        known = MethodNotAllowed(text, headers={"Allow": ", ".join(methods)})
    return refusal(known, request.headers["x-request-id"])
