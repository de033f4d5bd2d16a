"""Bundles of writes under known ids, so that sending one again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Seen:
    """A resource as it was read: its content, and the number of the version."""

    content: JsonObject
    number: int

    @property
    def reference(self) -> str:
        """Refer to the resource."""
        return f"{self.content['resourceType']}/{self.content['id']}"

    @property
    def versioned(self) -> str:
        """Refer to this version of it."""
        return f"{self.reference}/_history/{self.number}"


def transaction(entries: Sequence[JsonObject]) -> JsonObject:
    """Have entries written together or not at all."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def put(resource: JsonObject) -> JsonObject:
    """Write a resource under its id, whatever is there."""
    return _put(resource, {})


def put_over(seen: Seen, changes: JsonObject) -> JsonObject:
    """Change a resource as it was read, and only where nobody else has since."""
    return put_instead(seen, seen.content | changes)


def put_instead(seen: Seen, after: JsonObject) -> JsonObject:
    """Write another content over a resource as it was read, only where nobody else has since."""
    return _put(after, {"ifMatch": f'W/"{seen.number}"'})


def put_new(resource: JsonObject) -> JsonObject:
    """Write a resource only where there is none yet."""
    return _put(resource, {"ifNoneMatch": "*"})


def _put(resource: JsonObject, condition: JsonObject) -> JsonObject:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url} | condition}
