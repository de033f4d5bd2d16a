"""Bundles of writes under known ids, so that sending one again changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject


def transaction(entries: Sequence[JsonObject]) -> JsonObject:
    """Have entries written together or not at all."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def batch(entries: Sequence[JsonObject]) -> JsonObject:
    """Have entries written each for itself."""
    return {"resourceType": "Bundle", "type": "batch", "entry": list(entries)}


def put(resource: JsonObject) -> JsonObject:
    """Write a resource under its id, whatever is there."""
    return _put(resource, {})


def put_over(resource: JsonObject, version: int) -> JsonObject:
    """Write a resource as the version after the one that was read."""
    return _put(resource, {"ifMatch": f'W/"{version}"'})


def put_new(resource: JsonObject) -> JsonObject:
    """Write a resource only where there is none yet."""
    return _put(resource, {"ifNoneMatch": "*"})


def _put(resource: JsonObject, condition: JsonObject) -> JsonObject:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url} | condition}
