"""A Binary in its own media type, as it comes in and goes out where FHIR's JSON is not asked for.

https://hl7.org/fhir/R4/binary.html#rest
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import FhirError, TooLarge
from shared.fhir.reader import LIMITS, read
from shared.server.content import FHIR_JSON, JSON, accepted
from shared.server.showing import SHOWING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.reader import JsonObject
    from shared.server.request import FhirRequest

_SECURITY_CONTEXT: Final = "X-Security-Context"
_CONTEXT: Final = "securityContext"
_UNKNOWN: Final = "application/octet-stream"
_FHIR_XML: Final = "application/fhir+xml"
# https://www.rfc-editor.org/rfc/rfc9110#name-media-type: what else a contentType says is no header
_WORD: Final = r"[A-Za-z0-9!#$&^_.+-]+"
_MEDIA_TYPE: Final = re.compile(
    rf'{_WORD}/{_WORD}(?: *; *{_WORD}=(?:{_WORD}|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))*', re.ASCII
)
# What somebody has stored must not act in a browser as a page of this server.
_HARMLESS: Final = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Native:
    """The content of a Binary, and the headers that go with it."""

    content: bytes
    headers: Mapping[str, str]


def native_resource(request: FhirRequest, raw: bytes) -> JsonObject:
    """Make a Binary of content that came in its own media type.

    :raises TooLarge: when the resource would be larger than is allowed.
    """
    if len(raw) > LIMITS.resource_bytes // 4 * 3:
        raise TooLarge(f"A Binary may hold at most {LIMITS.resource_bytes // 4 * 3:,} bytes.")
    resource: JsonObject = {"resourceType": "Binary"}
    if request.id is not None:
        resource["id"] = request.id
    resource["contentType"] = request.headers["content-type"].strip()
    context = request.headers.get(_SECURITY_CONTEXT.lower())
    if context is not None:
        resource[_CONTEXT] = {"reference": context}
    return resource | {"data": b64encode(raw).decode()}


def protected_as_before(
    request: FhirRequest, before: JsonObject | None, after: JsonObject
) -> JsonObject:
    """Keep what protects a Binary whose content alone is replaced: only a header could say it."""
    said = request.headers.get("content-type", "").strip()
    is_native = request.raw is None and said == after.get("contentType")
    if request.type != "Binary" or not is_native or before is None or _CONTEXT in after:
        return after
    return after | ({_CONTEXT: before[_CONTEXT]} if _CONTEXT in before else {})


def is_native_body(request: FhirRequest, raw: bytes) -> bool:
    """Tell whether a body is a Binary's content, not a Binary in FHIR's JSON."""
    if request.type != "Binary" or request.interaction not in {"create", "update"}:
        return False
    media_type = request.headers.get("content-type", FHIR_JSON).partition(";")[0].strip().lower()
    if media_type == FHIR_JSON:
        return False
    # Clients send FHIR's JSON as plain JSON too; other JSON is content like any.
    return media_type not in JSON or not _is_resource(raw)


def _is_resource(raw: bytes) -> bool:
    try:
        return read(raw).get("resourceType") == "Binary"
    except FhirError:
        return False


def is_read_natively(request: FhirRequest) -> bool:
    """Tell whether a Binary is asked for as what it holds: when FHIR's own form is not."""
    if request.type != "Binary" or request.interaction not in {"read", "vread"}:
        return False
    wanted = accepted(request.headers, request.query)
    # What is raw has no elements to choose from.
    has_form = any(name in SHOWING | {"_format"} for name, _ in request.query)
    return not has_form and FHIR_JSON not in wanted and wanted != {_FHIR_XML}


def native_of(body: bytes) -> Native | None:
    """Give what a Binary holds; None where its data cannot be decoded."""
    resource = read(body)
    try:
        content = b64decode(resource.get("data", ""))
    except ValueError:
        return None
    said = resource.get("contentType", "")
    headers = _HARMLESS | {"Content-Type": said if _MEDIA_TYPE.fullmatch(said) else _UNKNOWN}
    context = resource.get(_CONTEXT, {}).get("reference", "")
    if context.isascii() and context.isprintable() and context:
        headers[_SECURITY_CONTEXT] = context
    return Native(content, headers)
