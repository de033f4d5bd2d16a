"""Validates against profiles: those that a resource claims, and one that a caller nominates.

https://hl7.org/fhir/R4/profiling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import type_names
from shared.fhir.errors import Issue, NotSupported
from shared.fhir.fhirpath.types import supertypes
from shared.fhir.profiles import validate_profile
from shared.fhir.profiles.tree import FHIR
from shared.server.known_profiles import profiles_claimed

if TYPE_CHECKING:
    from datetime import datetime

    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading

_TYPES: Final = frozenset(type_names())


async def against_profiles(
    reading: Reading, resource: JsonObject, nominated: str | None, *, now: datetime
) -> list[Issue]:
    """Find where a resource that is valid by R4 does not keep a profile.

    :raises NotSupported: when the nominated profile is not known here.
    :raises TooCostly: when the profiles draw on too much.
    """
    names = [nominated] if nominated else ()
    profiles = await profiles_claimed(reading, [resource], *names, now=now)
    issues = profiles.issues(resource)
    if nominated is None or nominated in resource.get("meta", {}).get("profile", ()):
        return issues
    of_type = nominated.partition("|")[0].removeprefix(FHIR)
    if of_type in _TYPES:
        return issues + _of_type(resource, of_type)
    definition = profiles.find(nominated)
    if definition is None:
        raise NotSupported("This profile is not known here: nothing is validated against it.")
    return issues + validate_profile(
        resource, definition, profiles.find, member_of=profiles.member_of, now=now
    )


def _of_type(resource: JsonObject, name: str) -> list[Issue]:
    # What R4 itself demands of the type has been checked already.
    if name in supertypes(resource["resourceType"]):
        return []
    told = f"The profile is one of {name}, which this resource is not."
    return [Issue("error", "value", told, resource["resourceType"])]
