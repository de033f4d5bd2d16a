"""Lets the pages of other origins ask: those that the operator names, and no others.

A caller is told by its own headers, never by a cookie, so none are accepted across origins.
https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.middleware.cors import CORSMiddleware

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_ASKED_WITH: Final = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-Modified-Since",
    "If-None-Exist",
    "If-None-Match",
    "Prefer",
    "X-Request-Id",
    "X-Stepdown-Actor",
)
_SHOWN: Final = (
    "Allow",
    "Content-Location",
    "ETag",
    "Last-Modified",
    "Location",
    "Retry-After",
    "X-Request-Id",
)
_REMEMBERED_SECONDS: Final = 600


def shared_with(origins: Sequence[str], app: ASGIApp) -> ASGIApp:
    """Answer pages of these origins too; without any the app stays as it is."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=_ASKED_WITH,
        expose_headers=_SHOWN,
        max_age=_REMEMBERED_SECONDS,
    )
