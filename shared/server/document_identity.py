"""A document is known by its identifier: created again, it is the one that is there already.

So that sending it twice is safe, although the sender has not asked by If-None-Exist.
https://hl7.org/fhir/R4/documents.html#bundle
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

_SEPARATORS: Final = re.compile(r"([\\,|$])")


def criteria_of_document(resource: JsonObject | None) -> str | None:
    """Give the criteria by which a document is found; None where it is none."""
    if resource is None or resource.get("resourceType") != "Bundle":
        return None
    identifier = resource.get("identifier")
    if resource.get("type") != "document" or not isinstance(identifier, dict):
        return None
    # Whatever is not as it should be is refused when it is written.
    named = [str(identifier.get(name, "")) for name in ("system", "value")]
    token = "|".join(_SEPARATORS.sub(r"\\\1", each) for each in named)
    return urlencode({"identifier": token}) if all(named) else None
