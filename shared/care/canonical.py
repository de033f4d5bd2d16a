"""The canonical base of everything that Stepdown publishes, and the addresses below it."""

from __future__ import annotations

from typing import Final

CANONICAL: Final = "https://stepdown.example/fhir"

# The system of identifiers that name what caused a resource, so that it is made once.
CAUSE: Final = f"{CANONICAL}/cause"
# The system of identifiers that name a rule of ours which acts by itself, with its version.
POLICY: Final = f"{CANONICAL}/policy"


def code_system(name: str) -> str:
    """Name a CodeSystem of ours."""
    return f"{CANONICAL}/CodeSystem/{name}"


def profile(name: str) -> str:
    """Name a StructureDefinition of ours."""
    return f"{CANONICAL}/StructureDefinition/{name}"
