"""Conditions of a request on a version: If-Match and its kin.

https://hl7.org/fhir/R4/http.html#concurrency
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Malformed, PreconditionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.store.version import Version

_ETAG: Final = re.compile(r'(?:W/)?"(\d{1,10})"', re.ASCII)


def version_in(etag: str, header: str) -> int:
    """Read the version number of an ETag.

    :raises Malformed: when it is not one that this server gives.
    """
    found = _ETAG.fullmatch(etag.strip())
    if found is None:
        raise Malformed(f'{header} must be an ETag of this server, such as W/"3".')
    return int(found[1])


def hold(headers: Mapping[str, str], current: Version | None) -> None:
    """Check the conditions of a write against the version it would follow.

    :raises PreconditionFailed: when one does not hold.
    :raises Malformed: when one cannot be read.
    """
    if "if-match" in headers:
        wanted = version_in(headers["if-match"], "If-Match")
        if current is None or current.number != wanted:
            raise PreconditionFailed("If-Match names a version that is not the current one.")
    if headers.get("if-none-match") == "*" and current is not None and not current.deleted:
        raise PreconditionFailed("If-None-Match: * asks that the resource does not exist yet.")
