"""The resources that a file or a server's answer holds, however they are wrapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from services.cli.console import Failure
from services.cli.loading import files
from shared.fhir.errors import FhirError
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shared.fhir.reader import JsonObject


class Found(NamedTuple):
    """A resource, the file or address that holds it, and where in that it stands."""

    origin: str
    place: str
    resource: JsonObject


def of_file(path: Path) -> Iterator[Found]:
    """Yield the resources of a file.

    :raises Failure: the file does not hold FHIR in JSON.
    """
    with files.opened(path) as stream:
        if not files.is_ndjson(path):
            yield from of_document(str(path), stream.read())
            return
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield from of_document(f"{path}, line {number}", line)


def of_document(origin: str, text: bytes) -> Iterator[Found]:
    """Yield a resource and what it contains, or the resources of a Bundle.

    :raises Failure: the text is not FHIR in JSON.
    """
    try:
        resource = read(text)
    except FhirError:
        raise Failure(f"{origin} is not a FHIR resource in JSON.") from None
    if not isinstance(resource.get("resourceType"), str):
        raise Failure(f"{origin} is not a FHIR resource in JSON.")
    yield from _unwrapped(Found(origin, "", resource))


def _unwrapped(found: Found) -> Iterator[Found]:
    yield found
    resource = found.resource
    inside: list[tuple[str, Any]] = [
        (f"contained[{nr}]", each) for nr, each in _listed(resource.get("contained"))
    ]
    if resource["resourceType"] == "Bundle":
        entries = ((nr, each.get("resource")) for nr, each in _listed(resource.get("entry")))
        inside += [(f"entry[{nr}].resource", each) for nr, each in entries]
    for place, each in inside:
        if isinstance(each, dict) and isinstance(each.get("resourceType"), str):
            at = f"{found.place}.{place}" if found.place else f"{resource['resourceType']}.{place}"
            yield from _unwrapped(Found(found.origin, at, each))


def _listed(value: object) -> Iterator[tuple[int, JsonObject]]:
    """Number the objects of a list, where it is one."""
    for number, each in enumerate(value if isinstance(value, list) else ()):
        if isinstance(each, dict):
            yield number, each
