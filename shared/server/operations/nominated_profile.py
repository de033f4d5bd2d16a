"""Validates against a profile that a caller names: a type's own definition, as far as now known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import Issue, NotSupported

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

_BASE: Final = "http://hl7.org/fhir/StructureDefinition/"


async def against_profile(_reading: Reading, resource: JsonObject, profile: str) -> list[Issue]:
    """Find where a resource does not follow a profile, beyond the rules of its type.

    :raises NotSupported: when the profile is not known here.
    """
    name = profile.partition("|")[0].removeprefix(_BASE)
    if name == resource.get("resourceType"):
        return []
    if name in TYPE_CODE:
        told = f"The profile is one of {name}, which this resource is not."
        return [Issue("error", "invalid", told, "Resource")]
    raise NotSupported("This profile is not known here: nothing can be validated against it.")
