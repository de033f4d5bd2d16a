"""The page at `/docs` that shows a program's OpenAPI document, loading nothing from elsewhere.

FastAPI's own page loads Swagger UI from the internet; the package fastapi-offline carries its
files. Every address on the page is relative, so it works behind any front door.
https://swagger.io/docs/open-source-tools/swagger-ui/
"""

from __future__ import annotations

import html
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# Everything is closed at first: a page with a thousand open operations would take minutes.
_START: Final = b"""SwaggerUIBundle({
  url: new URL("openapi.json", location.href).href,
  dom_id: "#swagger-ui",
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  filter: true,
});
"""
_MEDIA_TYPES: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon.png": "image/png",
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}


def documentation_routes(title: str) -> list[Route]:
    """Make the routes of the page and of the files that it needs."""
    page = _PAGE.format(title=html.escape(title))

    async def show(_: Request) -> Response:
        return HTMLResponse(page, headers=_HEADERS)

    files_of_page = {name: _file(name) for name in _MEDIA_TYPES} | {"start.js": _START}
    return [Route("/docs", show), *_files(files_of_page)]


def _files(contents: Mapping[str, bytes]) -> list[Route]:
    def route(name: str, content: bytes) -> Route:
        media_type = _MEDIA_TYPES.get(name, "text/javascript")

        async def give(_: Request) -> Response:
            return Response(content, headers=_HEADERS, media_type=media_type)

        return Route(f"/docs/{name}", give)

    return [route(name, content) for name, content in contents.items()]


def _file(name: str) -> bytes:
    return (files("fastapi_offline") / "static" / name).read_bytes()
