"""What a client prefers to be answered after a write.

https://hl7.org/fhir/R4/http.html#return
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from shared.fhir.errors import Issue
from shared.fhir.outcome import operation_outcome
from shared.fhir.reader import read
from shared.fhir.validation import capped, validate
from shared.server.known_profiles import profiles_claimed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.fhir.reader import JsonObject
    from shared.server.request import FhirRequest, FhirResponse
    from shared.store.reading import Reading

Return = Literal["minimal", "representation", "OperationOutcome"]

_WRITES: Final = frozenset({"create", "update", "patch"})
_DONE: Final = Issue("information", "informational", "The resource is stored.")
_ASKED: Final[dict[str, Return]] = {
    "minimal": "minimal",
    "operationoutcome": "OperationOutcome",
}
# https://www.rfc-editor.org/rfc/rfc7240#section-2
_PREFERENCE: Final = re.compile(r'(?:^|[,;])\s*(\w+)\s*=\s*"?([^",;\s]*)', re.ASCII)


def preference(headers: Mapping[str, str], name: str) -> str:
    """Give the value of a preference in small letters; empty where the client has none."""
    told = _PREFERENCE.findall(headers.get("prefer", "").lower())
    return next((value for each, value in told if each == name), "")


def preferred(request: FhirRequest, headers: Mapping[str, str]) -> Return:
    """Tell what to answer a write with; what is no create, update or patch says all it has."""
    if request.interaction not in _WRITES:
        return "representation"
    return _ASKED.get(preference(headers, "return"), "representation")


def preferring(request: FhirRequest, headers: Mapping[str, str]) -> FhirRequest:
    """Let an entry that writes prefer what its Bundle prefers."""
    if "prefer" not in headers or request.interaction not in _WRITES:
        return request
    return replace(request, headers={**request.headers, "prefer": headers["prefer"]})


async def advised(
    reading: Reading, request: FhirRequest, answer: FhirResponse, now: datetime
) -> FhirResponse:
    """Find what R4 and the claimed profiles only recommend, where a client wants to be told."""
    if answer.body is None or preferred(request, request.headers) != "OperationOutcome":
        return answer
    content = read(answer.body)
    profiles = await profiles_claimed(reading, [content], now=now)
    found = capped([*validate(content, warnings=True), *profiles.issues(content)])
    return replace(answer, advice=tuple(found))


def outcome_of(answer: FhirResponse) -> JsonObject:
    """Tell that a write is done, and what is recommended of it."""
    return operation_outcome([*answer.advice, _DONE])
