"""A service's program as an ASGI app: FHIR goes straight to the engine, all else through FastAPI.

Nothing of FastAPI's router and middleware is for a FHIR request, which is routed by its own rules
and answers all its errors itself; they took a quarter of a read's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.middleware.gzip import GZipMiddleware

from shared.server.forwarding import below_root

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

# Smaller answers are not worth the time that packing takes.
_GZIP_FROM_BYTES: Final = 2048
_GZIP_LEVEL: Final = 5


@dataclass(frozen=True, slots=True)
class Program:
    """The pages of FastAPI, and the FHIR base beside them."""

    pages: ASGIApp
    fhir: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop."""
        app = self.fhir if scope["type"] == "http" and _is_fhir(scope) else self.pages
        await app(scope, receive, send)


def _is_fhir(scope: Scope) -> bool:
    path = below_root(scope)
    return path == b"/fhir" or path.startswith(b"/fhir/")


def packed(app: ASGIApp) -> ASGIApp:
    """Pack the answers of an app for whoever takes gzip."""
    return GZipMiddleware(app, minimum_size=_GZIP_FROM_BYTES, compresslevel=_GZIP_LEVEL)
