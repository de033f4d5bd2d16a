"""Small profiles that the tests make, and what they find with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.profiles import validate_profile
from shared.fhir.validation import validate

if TYPE_CHECKING:
    from shared.fhir.errors import Issue

FHIR = "http://hl7.org/fhir/StructureDefinition"
HERE = "http://example.org/StructureDefinition"
SYSTEM = "http://example.org/codes"

Known = dict[str, dict[str, Any]]


def element(name: str, **said: Any) -> dict[str, Any]:  # noqa: ANN401
    """Make an element by its id, from which path and slice follow."""
    path = ".".join(step.partition(":")[0] for step in name.split("."))
    slice_name = name.rpartition(".")[2].partition(":")[2]
    sliced = {"sliceName": slice_name} if slice_name else {}
    return {"id": name, "path": path, **sliced, **said}


def profile(name: str, base: str, *elements: dict[str, Any]) -> dict[str, Any]:
    """Make a profile on a type of R4 or on another profile of ours: `Observation`, `one`."""
    own = base[0].islower()
    about = elements[0]["path"].partition(".")[0] if elements else base
    return {
        "resourceType": "StructureDefinition",
        "url": f"{HERE}/{name}",
        "version": "1",
        "name": "Example",
        "status": "active",
        "kind": "complex-type" if about == "Extension" else "resource",
        "abstract": False,
        "type": about,
        "baseDefinition": f"{HERE if own else FHIR}/{base}",
        "derivation": "constraint",
        "differential": {"element": list(elements)},
    }


def known(*definitions: dict[str, Any]) -> Known:
    return {each["url"]: each for each in definitions}


def issues(
    resource: dict[str, Any], definition: dict[str, Any], *others: dict[str, Any]
) -> list[Issue]:
    """Check a resource, which must be valid by R4, against a profile."""
    assert validate(resource) == []
    by_url = known(definition, *others)
    return validate_profile(resource, definition, lambda url: by_url.get(url.partition("|")[0]))


def faults(
    resource: dict[str, Any], definition: dict[str, Any], *others: dict[str, Any]
) -> list[tuple[str, str | None]]:
    """Name the code and place of each fault."""
    return [(each.code, each.expression) for each in issues(resource, definition, *others)]


def concept(code: str, system: str = SYSTEM) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def observation(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"resourceType": "Observation", "status": "final", "code": concept("a"), **members}
