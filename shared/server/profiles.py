"""The StructureDefinitions that a service publishes: JSON files in a package of its own."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from shared.fhir.reader import read

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject


def published(package: str) -> tuple[JsonObject, ...]:
    """Read the profiles of a package, in the order of their names."""
    found = [each for each in files(package).iterdir() if each.name.endswith(".json")]
    return tuple(read(each.read_bytes()) for each in sorted(found, key=lambda each: each.name))
