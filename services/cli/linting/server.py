"""The resources of a FHIR server: those at an address, or all that its base can search for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from services.cli.console import Failure
from services.cli.linting.resources import of_document
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
    steps = urlsplit(address).path.split("/")
    if any(step in TYPE_CODE for step in steps):
        return [address]
    base = address.rstrip("/")
    told = _json(f"{base}/metadata", _asked(http, f"{base}/metadata"))
    types = [each for rest in told.get("rest", ()) for each in rest.get("resource", ())]
    return [f"{base}/{each['type']}?_count={_PAGE}" for each in types if _is_searched(each)]


def _is_searched(told: dict[str, Any]) -> bool:
    return any(each.get("code") == "search-type" for each in told.get("interaction", ()))


def _pages(http: httpx.Client, address: str) -> Iterator[Found]:
    following: str | None = address
    while following is not None:
        text = _asked(http, following)
        yield from of_document(following, text)
        links = _json(following, text).get("link", ())
        further = [each["url"] for each in links if each.get("relation") == "next"]
        following = urljoin(following, further[0]) if further else None


def _asked(http: httpx.Client, address: str) -> bytes:
    answer = http.get(address)
    if not answer.is_success:
        raise Failure(f"{address} answers {answer.status_code}.")
    return answer.content


def _json(address: str, text: bytes) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Failure(f"{address} is not a FHIR resource in JSON.")
    return told
