"""Validation: whether a resource is FHIR R4, with every fault and its place.

It covers structure, values, cardinality, choices, required bindings, reference targets and the
rules of R4's types. Each type is one table of checkers; a valid resource is walked once, and
nothing is made for it.

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_CODE, type_definition
from shared.fhir.errors import Issue
from shared.fhir.validation.finding import Run
from shared.fhir.validation.types import check_resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.errors import Severity
    from shared.fhir.reader import JsonObject

__all__ = ["capped", "is_sound", "validate"]

_NO_NARRATIVE: Final = "A resource should have narrative for robust management (dom-6)."
# What stands there has the right shape, and is still not right.
_SOUND: Final = frozenset({"code-invalid", "invariant"})


def validate(resource: JsonObject, *, limit: int = 100, warnings: bool = False) -> list[Issue]:
    """Check a resource and list its faults; after `limit` of them a last one says so.

    Where `warnings` are wanted, what R4 only recommends follows the faults.
    """
    issues = _issues(resource, Run(limit))
    if warnings and len(issues) < limit:
        issues += _advice(resource, limit)
    return issues and capped(issues, _root(resource), limit=limit)


def capped(issues: list[Issue], place: str | None = None, *, limit: int = 100) -> list[Issue]:
    """Keep the first issues; where there are as many as the limit, a last one says so."""
    if len(issues) < limit:
        return issues
    severity: Severity = "warning" if _are_advice(issues) else "error"
    told = f"Checking stopped after {limit} issues."
    return [*issues[:limit], Issue(severity, "too-costly", told, place)]


def is_sound(issues: Iterable[Issue]) -> bool:
    """Tell whether a profile can trust the shape of what has these issues."""
    return all(each.severity not in {"fatal", "error"} or each.code in _SOUND for each in issues)


def _issues(resource: JsonObject, run: Run) -> list[Issue]:
    found = check_resource(resource, run)
    return [] if found is None else [finding.issue(_root(resource)) for finding in found]


def _root(resource: JsonObject) -> str:
    name = resource.get("resourceType")
    return name if isinstance(name, str) and name in TYPE_CODE else "Resource"


def _advice(resource: JsonObject, limit: int) -> Iterator[Issue]:
    # The faults are found again, but what warns is told of values whose shape is right.
    found = _issues(resource, Run(2 * limit, warnings=True))
    yield from (each for each in found if each.severity != "error")
    name = _root(resource)
    if name != "Resource" and "text" in type_definition(name).elements and "text" not in resource:
        yield Issue("warning", "invariant", _NO_NARRATIVE, name)


def _are_advice(issues: Iterable[Issue]) -> bool:
    return all(each.severity in {"warning", "information"} for each in issues)
