"""Profiles: whether a resource keeps what a StructureDefinition demands beyond R4.

https://hl7.org/fhir/R4/profiling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import Issue
from shared.fhir.fhirpath import root_node
from shared.fhir.fhirpath.types import supertypes
from shared.fhir.profiles.check import Check
from shared.fhir.profiles.matching import in_value_set
from shared.fhir.profiles.tree import FHIR

if TYPE_CHECKING:
    from shared.fhir.fhirpath.environment import Judge
    from shared.fhir.profiles.tree import FindProfile
    from shared.fhir.reader import JsonObject

__all__ = ["validate_claims", "validate_profile"]


def validate_profile(
    resource: JsonObject,
    structure_definition: JsonObject,
    find_profile: FindProfile,
    *,
    member_of: Judge = in_value_set,
    limit: int = 100,
) -> list[Issue]:
    """Check a resource that is valid by R4 against a profile of its type."""
    check = Check(root_node(resource), find_profile, member_of=member_of, limit=limit)
    name, about = resource["resourceType"], structure_definition.get("type")
    if about not in {name, "DomainResource", "Resource"}:
        told = f"The profile {structure_definition.get('url')} is about {about}."
        return [Issue("error", "value", told, name)]
    check.profile(structure_definition, check.root)
    return check.issues


def validate_claims(
    resource: JsonObject, find_profile: FindProfile, *, member_of: Judge = in_value_set
) -> list[Issue]:
    """Check a resource that is valid by R4 against the profiles it claims to conform to.

    One that nobody knows is a warning at its claim.
    """
    issues: list[Issue] = []
    for index, url in enumerate(resource.get("meta", {}).get("profile", ())):
        if type(url) is not str or _is_its_type(url, resource):
            continue
        definition = find_profile(url)
        if definition is not None:
            issues += validate_profile(resource, definition, find_profile, member_of=member_of)
        else:
            place = f"{resource['resourceType']}.meta.profile[{index}]"
            issues.append(Issue("warning", "not-found", "This profile is not known here.", place))
    return issues


def _is_its_type(url: str, resource: JsonObject) -> bool:
    name = url.partition("|")[0].removeprefix(FHIR)
    return name in supertypes(resource["resourceType"])
