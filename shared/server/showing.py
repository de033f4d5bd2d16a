"""What of a resource is shown: all of it, or what its reader asked for.

https://hl7.org/fhir/R4/http.html#parameters
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import InvalidSearch
from shared.fhir.reader import read
from shared.fhir.search.result import read_result
from shared.fhir.summary import check_subset, subset
from shared.fhir.writer import write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.fhir.search.query import Result
    from shared.server.request import FhirRequest, FhirResponse

SHOWING: Final = frozenset({"_elements", "_summary"})
LAYOUT: Final = frozenset({"_format", "_pretty"})
NO_OTHERS: Final = (
    "With an id in the address go the parameters _format, _pretty, _summary and _elements."
)


def asked_of_read(request: FhirRequest) -> Result:
    """Read how the one resource of an address is to be shown.

    :raises InvalidSearch: when it carries another parameter, or one that cannot be followed.
    """
    if any(name not in SHOWING | LAYOUT for name, _ in request.query):
        raise InvalidSearch(NO_OTHERS)
    return _asked_of_one(request)


def written(request: FhirRequest, answer: FhirResponse) -> FhirResponse:
    """Show of what a write answers with as much as it asks for.

    :raises InvalidSearch: when it cannot be followed; nothing is written then.
    """
    result = _asked_of_one(request)
    # Of several that are deleted at once an outcome tells, which is shown whole.
    if answer.body is None or answer.version is None:
        return answer
    return replace(answer, body=shown(answer.body, result))


def _asked_of_one(request: FhirRequest) -> Result:
    given = [pair for pair in request.query if pair[0] in SHOWING]
    if len(dict(given)) < len(given):
        raise InvalidSearch("_summary and _elements may be given once only.")
    return asked((request.type or "",), dict(given))


def asked(resource_types: Sequence[str], given: Mapping[str, str]) -> Result:
    """Read how the resources of an answer that counts nothing are to be shown.

    :raises InvalidSearch: when it cannot be followed.
    """
    result = read_result({name: given[name] for name in SHOWING & given.keys()})
    if result.summary == "count":
        raise InvalidSearch("_summary=count is of searches only.")
    check_subset(resource_types, result)
    return result


def shown(body: bytes, result: Result) -> bytes:
    """Give of a resource what is to be shown; the very bytes where that is all of it."""
    if result.summary in {None, "false", "count"} and not result.elements:
        return body
    resource = read(body)
    left = subset(resource, result)
    return body if left is resource else write(left)
