"""Bundles that the server answers with: searchset, history, batch and transaction responses.

The resources go in as the bytes that are stored: the pieces are joined once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.writer import join, write
from shared.store.version import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.reader import JsonObject
    from shared.store.version import Version

Links = "Sequence[tuple[str, str]]"


def searchset(
    entries: Iterable[tuple[str, bytes]],
    links: Sequence[tuple[str, str]],
    *,
    total: int | None,
    included: Iterable[tuple[str, bytes]] = (),
    outcome: JsonObject | None = None,
) -> bytes:
    """Write a searchset: each entry, a match or included, is its fullUrl and its resource."""
    pieces = [_head("searchset", links, total)]
    separator = b""
    found = (*((each, b"match") for each in entries), *((each, b"include") for each in included))
    for (full_url, body), mode in found:
        pieces += (separator, b'{"fullUrl":', write(full_url), b',"resource":', body)
        pieces += (b',"search":{"mode":"', mode, b'"}}')
        separator = b","
    if outcome is not None:
        pieces += (separator, b'{"resource":', write(outcome), b',"search":{"mode":"outcome"}}')
    pieces.append(b"]}")
    return _closed(pieces)


def history_bundle(
    versions: Sequence[tuple[Version, bool]], base: str, links: Sequence[tuple[str, str]]
) -> bytes:
    """Write a history of versions, each with whether it made its resource, or brought it back."""
    pieces = [_head("history", links, None)]
    for i, (version, made) in enumerate(versions):
        request = {"method": version.method, "url": _url(version)}
        response = {
            "status": "204" if version.deleted else "201" if made else "200",
            "etag": f'W/"{version.number}"',
            "lastModified": instant(version.updated),
        }
        pieces += (b"," if i else b"", b'{"fullUrl":', write(f"{base}/{version.key}"))
        if version.body is not None:
            pieces += (b',"resource":', version.body)
        pieces += (b',"request":', write(request), b',"response":', write(response), b"}")
    pieces.append(b"]}")
    return _closed(pieces)


def response_bundle(kind: str, entries: Sequence[tuple[JsonObject, bytes | None]]) -> bytes:
    """Write a batch-response or transaction-response: each entry's response and resource."""
    pieces = [_head(kind, (), None)]
    for i, (response, body) in enumerate(entries):
        pieces += (b"," if i else b"", b"{")
        if body is not None:
            pieces += (b'"resource":', body, b",")
        pieces += (b'"response":', write(response), b"}")
    pieces.append(b"]}")
    return _closed(pieces)


def _head(kind: str, links: Sequence[tuple[str, str]], total: int | None) -> bytes:
    head: JsonObject = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    return write(head)[:-1] + b',"entry":['


def _closed(pieces: list[bytes]) -> bytes:
    # An empty array is not allowed in FHIR's JSON.
    if len(pieces) == 2:  # the head and the end
        return pieces[0].removesuffix(b',"entry":[') + b"}"
    return join(pieces)


def _url(version: Version) -> str:
    return version.key.type if version.method == "POST" else str(version.key)
