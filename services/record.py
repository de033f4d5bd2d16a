"""The ownership table as the record's migrations take it."""

from __future__ import annotations

from services.ownership import DOOR_KEEPER, SERVICES, writable_by
from shared.fhir.definitions import RESOURCE_TYPES
from shared.store.migrate import Ownership


def ownership() -> Ownership:
    """Say which types each service's database role may write, and who keeps the door."""
    types: dict[str, tuple[str, ...]] = {
        service: writable_by(service, RESOURCE_TYPES) for service in SERVICES
    }
    return Ownership(types, DOOR_KEEPER)
