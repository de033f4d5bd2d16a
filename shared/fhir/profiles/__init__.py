"""Profiles: whether a resource keeps what a StructureDefinition demands beyond R4.

https://hl7.org/fhir/R4/profiling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import Issue
from shared.fhir.fhirpath import root_node
from shared.fhir.fhirpath.types import supertypes
from shared.fhir.profiles.check import Check
from shared.fhir.profiles.claims import Claim, claims_in
from shared.fhir.profiles.matching import in_value_set
from shared.fhir.profiles.tree import FHIR

if TYPE_CHECKING:
    from datetime import datetime

    from shared.fhir.fhirpath.environment import Judge
    from shared.fhir.profiles.tree import FindProfile
    from shared.fhir.reader import JsonObject

__all__ = ["claims_in", "validate_claims", "validate_profile"]


def validate_profile(
    resource: JsonObject,
    structure_definition: JsonObject,
    find_profile: FindProfile,
    *,
    member_of: Judge = in_value_set,
    limit: int = 100,
    now: datetime | None = None,
) -> list[Issue]:
    """Check a resource that is valid by R4 against a profile of its type."""
    check = Check(root_node(resource), find_profile, member_of=member_of, limit=limit, now=now)
    check.whole(structure_definition, check.root)
    return check.issues


def validate_claims(
    resource: JsonObject,
    find_profile: FindProfile,
    *,
    member_of: Judge = in_value_set,
    limit: int = 100,
    now: datetime | None = None,
) -> list[Issue]:
    """Check a resource that is valid by R4, and those in it, against the profiles they claim.

    One that nobody knows is a warning at its claim. Faults stand first, and as many warnings as
    there may be do not hide one.
    """
    faults: list[Issue] = []
    warnings: list[Issue] = []
    for claim in claims_in(resource):
        if len(faults) >= limit:
            break
        check = Check(claim.root, find_profile, member_of=member_of, limit=limit, now=now)
        for issue in _of_claim(claim, check):
            (faults if issue.severity == "error" else warnings).append(issue)
    return [*faults[:limit], *warnings[:limit]]


def _of_claim(claim: Claim, check: Check) -> list[Issue]:
    if _is_its_type(claim):
        return []
    definition = check.find_profile(claim.url)
    if definition is None:
        told = "This profile is not known here."
        return [Issue("warning", "not-found", told, claim.place)]
    check.whole(definition, claim.node)
    return check.issues


def _is_its_type(claim: Claim) -> bool:
    name = claim.url.partition("|")[0].removeprefix(FHIR)
    return name in supertypes(claim.node.type)
