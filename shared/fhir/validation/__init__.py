"""Validation: whether a resource is FHIR R4, with every fault and its place.

It covers structure, values, cardinality, choices, required bindings, reference targets and the
rules of R4's types. Each type is one table of checkers; a valid resource is walked once, and
nothing is made for it.

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import Issue
from shared.fhir.validation.finding import Run
from shared.fhir.validation.types import check_resource

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject

__all__ = ["validate"]


def validate(resource: JsonObject, *, limit: int = 100, warnings: bool = False) -> list[Issue]:
    """Check a resource and list its faults; after `limit` of them a last one says so.

    Rules of R4 that only warn are asked where `warnings` are wanted.
    """
    found = check_resource(resource, Run(limit, warnings=warnings))
    if found is None:
        return []
    name = resource.get("resourceType")
    root = name if isinstance(name, str) and name in TYPE_CODE else "Resource"
    issues = [finding.issue(root) for finding in found[:limit]]
    if len(found) >= limit:
        issues.append(Issue("error", "too-costly", f"Checking stopped after {limit} issues.", root))
    return issues
