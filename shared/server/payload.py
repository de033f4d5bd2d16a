"""What a request's body says, read as its interaction and its media type ask.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from shared.fhir.errors import Malformed, TooLarge, UnsupportedMedia
from shared.fhir.reader import read_array, read_sent
from shared.server.binary import is_native_body, native_resource
from shared.server.content import FHIR_JSON, FORM, JSON, JSON_PATCH, media_type_of
from shared.server.foreign import refuse_foreign

if TYPE_CHECKING:
    from shared.server.request import FhirRequest

# The audit keeps what was searched for.
_MAX_FORM: Final = 500_000
_MAX_FIELDS: Final = 1000
_ACCEPT_PATCH: Final = {"Accept-Patch": f"{JSON_PATCH}, {FHIR_JSON}"}


def with_payload(request: FhirRequest, raw: bytes) -> FhirRequest:
    """Add what the body says to a request.

    :raises UnsupportedMedia: when the interaction takes no body of this media type.
    :raises Malformed: when the body is not what its media type says.
    """
    if request.interaction in {"search-type", "search-system"}:
        return replace(request, query=request.query + _form(raw, request))
    if not raw:
        return request
    if is_native_body(request, raw):
        return replace(request, resource=native_resource(request, raw))
    refuse_foreign(request.headers.get("content-type"), raw)
    media_type = media_type_of(request.headers)
    if request.interaction == "patch":
        return _patch(request, raw, media_type)
    if media_type not in JSON | {None}:
        raise UnsupportedMedia(f"The body must be {FHIR_JSON}.")
    return replace(request, raw=raw, resource=read_sent(raw))


def _patch(request: FhirRequest, raw: bytes, media_type: str | None) -> FhirRequest:
    if media_type == JSON_PATCH:
        return replace(request, patch=tuple(read_array(raw)))
    if media_type not in JSON | {None}:
        raise UnsupportedMedia(
            f"A patch must be {JSON_PATCH}, or Parameters as {FHIR_JSON}.", headers=_ACCEPT_PATCH
        )
    return replace(request, resource=read_sent(raw))


def with_entry_patch(request: FhirRequest) -> FhirRequest:
    """Read the patch of a Bundle's entry: a JSON Patch stands there as the data of a Binary.

    :raises UnsupportedMedia: when the Binary is of another media type.
    :raises Malformed: when its data is no JSON Patch.
    """
    resource = request.resource or {}
    if resource.get("resourceType") != "Binary":
        return request
    if resource.get("contentType") != JSON_PATCH:
        raise UnsupportedMedia(f"A Binary that is a patch must be {JSON_PATCH}.")
    try:
        raw = b64decode(str(resource.get("data", "")), validate=True)
    except ValueError:
        raise Malformed("The Binary's data must be base64.") from None
    return replace(request, patch=tuple(read_array(raw)), resource=None)


def _form(raw: bytes, request: FhirRequest) -> tuple[tuple[str, str], ...]:
    if raw and media_type_of(request.headers) != FORM:
        raise UnsupportedMedia(f"A search by POST takes {FORM}.")
    if len(raw) > _MAX_FORM:
        raise TooLarge(f"A search by POST takes at most {_MAX_FORM:,} bytes.")
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
        return tuple(pairs)
    except UnicodeDecodeError:
        raise Malformed("The body must be UTF-8.") from None
    except ValueError:
        raise Malformed(f"A form may have at most {_MAX_FIELDS:,} fields.") from None
