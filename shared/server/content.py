"""What goes in and out as bytes: media types, sizes, compression, layout.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.requests import ClientDisconnect

from shared.fhir.errors import Malformed, NotAcceptable, TooLarge, UnsupportedMedia
from shared.fhir.reader import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from shared.server.request import Pairs

FHIR_JSON: Final = "application/fhir+json"
JSON: Final = frozenset({FHIR_JSON, "application/json", "text/json"})
JSON_PATCH: Final = "application/json-patch+json"
FORM: Final = "application/x-www-form-urlencoded"
_WANTED: Final = JSON | {"*/*", "application/*", "text/*", "json"}
# A body may not grow more than this when it is unpacked, beyond a first megabyte.
_MAX_RATIO: Final = 20
_FREE_BYTES: Final = 1_000_000
_GZIP_WINDOW: Final = 31
_CHARSET: Final = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)')
# https://hl7.org/fhir/R4/http.html#version-parameter
_FHIR_VERSION: Final = re.compile(r';\s*fhirversion\s*=\s*"?([^";\s]*)')
_FHIR_VERSIONS: Final = frozenset({"4.0", "4.0.1"})
# https://www.rfc-editor.org/rfc/rfc9110#name-quality-values: what is of no worth is not taken
_WORTHLESS: Final = re.compile(r";\s*q\s*=\s*0(?:\.0{0,3})?\s*(?:;|$)")


def media_type_of(headers: Mapping[str, str]) -> str | None:
    """Read the media type of a body, without its parameters; None where none is given.

    :raises UnsupportedMedia: when it is in another character set than UTF-8, or of another FHIR.
    """
    given = headers.get("content-type")
    if given is None:
        return None
    given = given.lower()
    if not {"utf-8", "utf8"}.issuperset(_CHARSET.findall(given)):
        raise UnsupportedMedia("The body must be UTF-8.")
    if not _FHIR_VERSIONS.issuperset(_FHIR_VERSION.findall(given)):
        raise UnsupportedMedia("The body must be of FHIR version 4.0.")
    return given.partition(";")[0].strip()


def accepted(headers: Mapping[str, str], query: Pairs) -> set[str]:
    """List the media types that the client takes; `_format` rules over Accept."""
    asked = [value for name, value in query if name == "_format"]
    accepts = [each.lower() for each in asked or headers.get("accept", "*/*").split(",")]
    return {each.partition(";")[0].strip().replace(" ", "+") for each in accepts if _takes(each)}


def _takes(accept: str) -> bool:
    of_version = _FHIR_VERSIONS.issuperset(_FHIR_VERSION.findall(accept))
    return of_version and not _WORTHLESS.search(accept)


def check_acceptable(headers: Mapping[str, str], query: Pairs) -> None:
    """Check that the client takes JSON.

    :raises NotAcceptable: when it asks only for something else.
    """
    if accepted(headers, query).isdisjoint(_WANTED | {""}):
        raise NotAcceptable(f"This server answers in {FHIR_JSON} of FHIR version 4.0 only.")


async def body_of(request: Request) -> bytes:
    """Read a body up to its limit, counting while it comes, and unpack one layer of gzip.

    :raises TooLarge: when it is larger than is allowed, packed or unpacked.
    :raises UnsupportedMedia: when it is packed in another way.
    :raises Malformed: when it ends too early, or its gzip does.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"gzip", "identity", ""}:
        raise UnsupportedMedia("The body may be packed by one layer of gzip and in no other way.")
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > LIMITS.body_bytes:
                raise TooLarge(f"The body is larger than {LIMITS.body_bytes:,} bytes.")
            pieces.append(piece)
    except ClientDisconnect:
        raise Malformed("The client left before its body was whole.") from None
    body = b"".join(pieces)
    return _unpacked(body) if encoding == "gzip" else body


def _unpacked(packed: bytes) -> bytes:
    allowed = min(LIMITS.body_bytes, max(_FREE_BYTES, _MAX_RATIO * len(packed)))
    stream = zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        body = stream.decompress(packed, allowed + 1)
    except zlib.error:
        raise Malformed("The body is not valid gzip.") from None
    if len(body) > allowed:
        raise TooLarge("The body unpacks to more than is allowed.")
    if not stream.eof or stream.unused_data:
        raise Malformed("The body's gzip ends too early, or more follows it.")
    return body


def wants_pretty(query: Pairs) -> bool:
    """Tell whether the client asked for indented JSON."""
    return ("_pretty", "true") in query


def pretty(body: bytes) -> bytes:
    """Indent JSON for a person to read, leaving every number's text as it is."""
    return msgspec.json.format(body, indent=2)
