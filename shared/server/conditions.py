"""Conditions of a request on a version: If-Match and its kin.

https://hl7.org/fhir/R4/http.html#concurrency
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Malformed, PreconditionFailed, PreconditionRequired

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.access.policy import Policy
    from shared.store.version import Version

# https://www.rfc-editor.org/rfc/rfc9110#name-etag
_ETAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ETAGS: Final = re.compile(rf"\s*{_ETAG}(?:\s*,\s*{_ETAG})*\s*")
_TEXT: Final = re.compile(r'"([^"]*)"')


def hold(headers: Mapping[str, str], current: Version | None) -> None:
    """Check the conditions of a write against the version it would follow.

    :raises PreconditionFailed: when one does not hold.
    :raises Malformed: when one cannot be read.
    """
    if "if-match" in headers and not _name(headers["if-match"], "If-Match", current):
        raise PreconditionFailed("If-Match does not name the current version.")
    if "if-none-match" in headers and _name(headers["if-none-match"], "If-None-Match", current):
        raise PreconditionFailed("If-None-Match names what is there already.")


def demand_if_match(policy: Policy, headers: Mapping[str, str], current: Version | None) -> None:
    """Check that whoever changes a resource names the version that they saw, where they must.

    What is not there, or deleted, has no content that could be lost.

    :raises PreconditionRequired: when If-Match is missing.
    """
    if current is None or current.deleted or "if-match" in headers:
        return
    if current.key.type in policy.if_match_types:
        raise PreconditionRequired(
            f"A change of {current.key.type} needs If-Match with the version that it follows."
        )


def client_has(version: Version, headers: Mapping[str, str]) -> bool:
    """Tell whether a reader holds this version already, and needs no body.

    :raises Malformed: when If-None-Match cannot be read.
    """
    told = headers.get("if-none-match")
    if told is not None and told.strip().isdigit():
        # Clients that know the version's number leave out what makes it an ETag.
        return told.strip() == str(version.number)
    if told is not None:
        return _name(told, "If-None-Match", version)
    since = headers.get("if-modified-since")
    if since is None:
        return False
    # An entry of a Bundle says it as an instant. https://hl7.org/fhir/R4/bundle.html
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        # https://www.rfc-editor.org/rfc/rfc9110#name-if-modified-since: what is none is ignored
        with suppress(TypeError, ValueError):
            return version.updated.replace(microsecond=0) <= read(since)
    return False


def etag_of(document: bytes) -> str:
    """Make the ETag of a document that has no versions, from what it says."""
    return f'W/"{hashlib.sha256(document).hexdigest()[:16]}"'


def client_has_document(etag: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a reader holds the document of this ETag already, and needs no body.

    :raises Malformed: when If-None-Match cannot be read.
    """
    told = headers.get("if-none-match")
    if told is None or told.strip() == "*":
        return told is not None
    return not _texts(etag, "ETag").isdisjoint(_texts(told, "If-None-Match"))


def _name(told: str, header: str, current: Version | None) -> bool:
    """Tell whether the ETags of a header, or its *, name the current version."""
    if told.strip() == "*":
        return current is not None and not current.deleted
    texts = _texts(told, header)
    return current is not None and str(current.number) in texts


def _texts(told: str, header: str) -> set[str]:
    if not _ETAGS.fullmatch(told):
        raise Malformed(f'{header} must be * or ETags such as W/"3".')
    return set(_TEXT.findall(told))
