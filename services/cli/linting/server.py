"""The resources of a FHIR server: those at an address, or all that its base can search for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from services.cli.console import Failure
from services.cli.linting.resources import listed, of_document, of_lines
from shared.fhir.definitions import TYPE_CODE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.cli.linting.resources import Found

_SECONDS: Final = 60.0
_PAGE: Final = 200


def of_server(address: str) -> Iterator[Found]:
    """Yield the resources at an address, page after page.

    :raises Failure: the server does not answer with FHIR in JSON.
    """
    headers = {"Accept": "application/fhir+json"}
    try:
        with httpx.Client(headers=headers, timeout=_SECONDS, follow_redirects=True) as http:
            for each in _addresses(http, address):
                yield from _pages(http, each)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Failure(f"{address} does not answer ({type(error).__name__}).") from None


def _addresses(http: httpx.Client, address: str) -> list[str]:
    """Name what is to be read: each type of a base, or the address itself where it is none."""
    parts = urlsplit(address)
    if parts.query or any(step in TYPE_CODE for step in parts.path.split("/")):
        return [address]
    base = address.rstrip("/")
    answer = http.get(f"{base}/metadata")
    if answer.is_server_error:
        raise Failure(f"{base}/metadata answers {answer.status_code}.")
    told = _object(answer)
    if answer.is_error or told.get("resourceType") != "CapabilityStatement":
        return [address]
    types = [
        each for _, rest in listed(told.get("rest")) for _, each in listed(rest.get("resource"))
    ]
    return [f"{base}/{each['type']}?_count={_PAGE}" for each in types if _is_searched(each)]


def _is_searched(told: dict[str, Any]) -> bool:
    interactions = listed(told.get("interaction"))
    return "type" in told and any(each.get("code") == "search-type" for _, each in interactions)


def _pages(http: httpx.Client, address: str) -> Iterator[Found]:
    following: str | None = address
    seen: set[str] = set()
    while following is not None:
        if following in seen:
            raise Failure(f"{following} is named as the page after itself, or after a later one.")
        seen.add(following)
        answer = http.get(following)
        if not answer.is_success:
            raise Failure(f"{following} answers {answer.status_code}.")
        yield from _held(following, answer)
        following = _next(answer)


def _held(address: str, answer: httpx.Response) -> Iterator[Found]:
    is_lines = "ndjson" in answer.headers.get("Content-Type", "")
    if is_lines or urlsplit(address).path.endswith(".ndjson"):
        return of_lines(address, answer.content.splitlines())
    return of_document(address, answer.content)


def _next(answer: httpx.Response) -> str | None:
    """Find the page after an answer; a relative address is one beside where it was found."""
    told = _object(answer)
    links = listed(told.get("link")) if told.get("resourceType") == "Bundle" else ()
    named = (each.get("url") for _, each in links if each.get("relation") == "next")
    return next((urljoin(str(answer.url), each) for each in named if isinstance(each, str)), None)


def _object(answer: httpx.Response) -> dict[str, Any]:
    """Read an answer; what is no JSON object has nothing in it."""
    try:
        told = json.loads(answer.content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
