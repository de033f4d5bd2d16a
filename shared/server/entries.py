"""A batch's or transaction's entries, each as the request that it asks for.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.errors import FhirError, Malformed, NotSupported, RuleViolation, TooLarge
from shared.fhir.reader import read
from shared.fhir.validation import validate
from shared.server.payload import with_entry_patch
from shared.server.preferences import outcome_of, preferred
from shared.server.query_string import pairs_of
from shared.server.request import FhirRequest
from shared.server.routing import route
from shared.store.version import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shared.fhir.errors import Issue
    from shared.fhir.reader import JsonObject
    from shared.server.request import Context, FhirResponse

# An entry's response, and the resource that stands beside it.
EntryAnswer = tuple[dict[str, Any], bytes | None]

MAX_ENTRIES: Final = 5000
# What Bundle.entry.request carries, and the HTTP header that means the same.
_HEADERS: Final = {
    "ifMatch": "if-match",
    "ifNoneExist": "if-none-exist",
    "ifNoneMatch": "if-none-match",
    "ifModifiedSince": "if-modified-since",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: where it stands, the fullUrl that others may refer to, and its request."""

    place: str
    full_url: str | None
    request: FhirRequest


def of_its_kind(request: FhirRequest) -> FhirRequest:
    """Make of a Bundle that was posted to the base the interaction that its type asks for.

    :raises Malformed: when the body is no Bundle of such a type.
    """
    if request.interaction != "bundle":
        return request
    body = request.resource
    if body is None or body.get("resourceType") != "Bundle":
        raise Malformed("The base takes a Bundle.", expression="Bundle")
    match body.get("type"):
        case "batch":
            return replace(request, interaction="batch")
        case "transaction":
            return replace(request, interaction="transaction")
    raise Malformed("The Bundle's type must be batch or transaction.", expression="Bundle.type")


def check_shape(bundle: JsonObject) -> None:
    """Check the Bundle around its resources, which are checked when they are written.

    :raises RuleViolation: with all issues.
    :raises TooLarge: with more entries than are taken at once.
    """
    bare = [_without_resource(entry) for entry in _entries_in(bundle)]
    _refuse(validate(bundle | ({"entry": bare} if bare else {})))


def check_frame(bundle: JsonObject) -> None:
    """Check a Bundle but for its entries: in a batch the others go where one is no entry.

    :raises RuleViolation: with all issues.
    :raises TooLarge: with more entries than are taken at once.
    """
    is_bare = not _entries_in(bundle)
    _refuse(validate({name: each for name, each in bundle.items() if is_bare or name != "entry"}))


def check_entry(bundle: JsonObject, index: int) -> None:
    """Check one entry of a batch around its resource.

    :raises RuleViolation: with all issues.
    """
    bare = _without_resource(bundle["entry"][index])
    found = validate({"resourceType": "Bundle", "type": "batch", "entry": [bare]})
    _refuse([replace(each, expression=_numbered(each, index)) for each in found])


def _numbered(issue: Issue, index: int) -> str:
    return f"Bundle.entry[{index}]" + (issue.expression or "").removeprefix("Bundle.entry[0]")


def _entries_in(bundle: JsonObject) -> list[Any]:
    entries = bundle.get("entry")
    if not isinstance(entries, list):
        return []
    if len(entries) > MAX_ENTRIES:
        raise TooLarge(f"A Bundle may have at most {MAX_ENTRIES:,} entries.")
    return entries


def _refuse(issues: Iterable[Issue]) -> None:
    # What R4's rules ask of entries is asked of each in its turn.
    found = tuple(each for each in issues if each.code != "invariant")
    if found:
        raise RuleViolation(issues=found)


def _without_resource(entry: Any) -> Any:  # noqa: ANN401
    if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
        return entry
    bare = {name: value for name, value in entry.items() if name != "resource"}
    return bare or entry


def entry_of(bundle: JsonObject, index: int, context: Context) -> Entry:
    """Understand one entry.

    :raises Malformed: when it asks for nothing, or its address cannot be read.
    """
    place = f"Bundle.entry[{index}]"
    entry: JsonObject = bundle["entry"][index]
    asked = entry.get("request")
    if asked is None:
        raise Malformed("Each entry of a batch or transaction needs a request.", expression=place)
    try:
        request = _request(asked, entry.get("resource"), context)
    except FhirError as error:
        raise type(error)(
            error.issues[0].diagnostics, expression=f"{place}.request.url", headers=error.headers
        ) from None
    made = Entry(place, entry.get("fullUrl"), request)
    if request.interaction != "patch":
        return made
    with located(made, "resource"):
        return replace(made, request=with_entry_patch(request))


@contextmanager
def located(entry: Entry, part: str = "") -> Iterator[None]:
    """Tell of a refusal at which entry it was, and where in it: a part, or a place's own."""
    try:
        yield
    except FhirError as error:
        issues = tuple(replace(each, expression=_place(each, entry, part)) for each in error.issues)
        raise type(error)(issues=issues, headers=error.headers) from None


def _place(issue: Issue, entry: Entry, part: str) -> str:
    resource_type = entry.request.type
    if resource_type is not None and (issue.expression or "").startswith(resource_type):
        return f"{entry.place}.resource{str(issue.expression).removeprefix(resource_type)}"
    return f"{entry.place}.{part}" if part else entry.place


def entry_answer(entry: Entry, response: FhirResponse, headers: Mapping[str, str]) -> EntryAnswer:
    """Tell in a Bundle what HTTP tells; `headers` are those of the Bundle's own request."""
    told: JsonObject = {"status": str(response.status)}
    if response.location is not None:
        told["location"] = response.location
    if response.version is not None:
        told["etag"] = f'W/"{response.version.number}"'
        told["lastModified"] = instant(response.version.updated)
    elif "ETag" in response.headers:
        told["etag"] = response.headers["ETag"]
    wanted = preferred(entry.request, headers)
    if wanted == "OperationOutcome":
        told["outcome"] = outcome_of(response)
    if entry.request.interaction == "delete" and response.body is not None:
        return told | {"outcome": read(response.body)}, None
    shows = wanted == "representation" and entry.request.method != "HEAD"
    return told, response.body if shows else None


def _request(asked: JsonObject, resource: JsonObject | None, context: Context) -> FhirRequest:
    path, _, query = _relative(asked["url"], context).partition("?")
    method = asked["method"]
    interaction, fields = route(method, path)
    if interaction == "bundle":
        raise NotSupported("A Bundle cannot hold another one to be run.")
    headers = {_HEADERS[name]: asked[name] for name in _HEADERS if name in asked}
    return FhirRequest(
        method,
        interaction,
        **fields,
        query=pairs_of(query),
        headers=headers,
        resource=resource if method in {"POST", "PUT", "PATCH"} else None,
    )


def _relative(url: str, context: Context) -> str:
    for base in context.bases:
        if url.startswith(f"{base}/"):
            return url.removeprefix(f"{base}/")
    if ":" in url.partition("?")[0]:
        raise Malformed("The address is not one of this server.")
    return url.removeprefix("/")
