"""Sends patches, alone and in Bundles."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from tests.api.resources import entry, fresh, patient, run, updated

if TYPE_CHECKING:
    import httpx

    from tests.api.resources import Resource

JSON_PATCH = "application/json-patch+json"


def operation(op: str, path: str, **others: object) -> dict[str, Any]:
    return {"op": op, "path": path, **others}


async def json_patch(
    client: httpx.AsyncClient, url: str, *operations: object, **headers: str
) -> httpx.Response:
    told = {"Content-Type": JSON_PATCH} | {
        name.replace("_", "-"): headers[name] for name in headers
    }
    return await client.patch(url, content=json.dumps(operations), headers=told)


def patch_entry(url: str, *operations: object, **request: str) -> Resource:
    """An entry with a JSON Patch, which stands there as a Binary."""
    data = b64encode(json.dumps(operations).encode()).decode()
    binary = {"resourceType": "Binary", "contentType": JSON_PATCH, "data": data}
    return entry("PATCH", url, binary, **request)


async def bundled(
    client: httpx.AsyncClient, kind: str, url: str, *operations: object, **request: str
) -> httpx.Response:
    return await run(client, kind, patch_entry(url, *operations, **request))


async def someone(client: httpx.AsyncClient, **elements: object) -> str:
    """Make a person and give the reference."""
    return await updated(client, patient(id=fresh(), **elements))
