"""The resources that a file or a server's answer holds, however they are wrapped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.cli.console import Failure
from services.cli.loading import files
from shared.care.lint.rule import scope
from shared.fhir.errors import FhirError
from shared.fhir.reader import LIMITS, read, read_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from shared.care.lint.rule import Scopes
    from shared.fhir.reader import JsonObject
# As large as a Bundle may be.
_ARRAYS: Final = replace(LIMITS, resource_bytes=LIMITS.body_bytes)


class Found(NamedTuple):
    """A resource, the file or address that holds it, where in that it stands, and beside what."""

    origin: str
    place: str
    resource: JsonObject
    scopes: Scopes = ()

    @property
    def is_contained(self) -> bool:
        """Tell whether it has no identity of its own."""
        return "contained[" in self.place


def of_file(path: Path) -> Iterator[Found]:
    """Yield the resources of a file.

    :raises Failure: the file does not hold FHIR in JSON.
    """
    with files.opened(path) as stream:
        if not files.is_ndjson(path):
            yield from of_document(str(path), stream.read())
        else:
            yield from of_lines(str(path), stream)


def of_lines(origin: str, lines: Iterable[bytes]) -> Iterator[Found]:
    """Yield the resources of NDJSON, line by line.

    :raises Failure: a line is not FHIR in JSON.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield from of_document(f"{origin}, line {number}", line)


def of_document(origin: str, text: bytes) -> Iterator[Found]:
    """Yield a resource and what it contains, or the resources of a Bundle or an array.

    :raises Failure: the text is not FHIR in JSON.
    """
    is_array = text.lstrip().startswith(b"[")
    try:
        resources = read_array(text, _ARRAYS) if is_array else [read(text)]
    except FhirError:
        raise Failure(f"{origin} is not a FHIR resource in JSON.") from None
    if not resources or not all(map(_is_resource, resources)):
        raise Failure(f"{origin} is not a FHIR resource in JSON.")
    for number, resource in enumerate(resources):
        named = f"[{number}].{resource['resourceType']}" if is_array else ""
        yield from _unwrapped(Found(origin, named, resource))


def _unwrapped(found: Found) -> Iterator[Found]:
    resource = found.resource
    scopes = (*found.scopes, local) if (local := scope(resource)) else found.scopes
    yield found._replace(scopes=scopes)
    for place, each in _inside(resource):
        if _is_resource(each):
            at = f"{found.place or resource['resourceType']}.{place}"
            yield from _unwrapped(Found(found.origin, at, each, scopes))


def _is_resource(value: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(value, dict) and isinstance(value.get("resourceType"), str)


def _inside(resource: JsonObject) -> Iterator[tuple[str, Any]]:
    """Yield what a resource contains, and the resources of a Bundle or of Parameters."""
    for number, each in listed(resource.get("contained")):
        yield f"contained[{number}]", each
    if resource["resourceType"] == "Bundle":
        for number, each in listed(resource.get("entry")):
            yield f"entry[{number}].resource", each.get("resource")
    if resource["resourceType"] == "Parameters":
        yield from _passed(resource, "parameter")


def _passed(parent: JsonObject, name: str) -> Iterator[tuple[str, Any]]:
    for number, each in listed(parent.get(name)):
        yield f"{name}[{number}].resource", each.get("resource")
        for place, inner in _passed(each, "part"):
            yield f"{name}[{number}].{place}", inner


def listed(value: object) -> Iterator[tuple[int, JsonObject]]:
    """Number the objects of a list, where it is one."""
    for number, each in enumerate(value if isinstance(value, list) else ()):
        if isinstance(each, dict):
            yield number, each
