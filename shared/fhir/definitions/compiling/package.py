"""The unpacked official npm package: a folder of JSON resources."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FHIR = "http://hl7.org/fhir/StructureDefinition/"

JsonObject = dict[str, Any]


class Package:
    """The definitions of the package, by what other definitions call them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resources(self, resource_type: str) -> list[JsonObject]:
        """Read every resource of a type, in the order of their file names."""
        return [
            json.loads(path.read_text("utf-8"))
            for path in sorted(self.folder.glob(f"{resource_type}-*.json"))
        ]

    @cached_property
    def structures(self) -> list[JsonObject]:
        """The types of R4 and the two profiles on Quantity that elements use as types."""
        return [
            definition
            for definition in self.resources("StructureDefinition")
            if definition["kind"] != "logical"
            and (
                definition.get("derivation") != "constraint"
                or definition["name"] in {"SimpleQuantity", "MoneyQuantity"}
            )
        ]

    @cached_property
    def value_sets(self) -> dict[str, JsonObject]:
        """The value sets by url."""
        return {found["url"]: found for found in self.resources("ValueSet")}

    @cached_property
    def code_systems(self) -> dict[str, JsonObject]:
        """The code systems by url."""
        return {found["url"]: found for found in self.resources("CodeSystem")}

    @cached_property
    def expansions(self) -> dict[str, set[tuple[str, str]]]:
        """The value sets that the package gives only as a list of (system, code)."""
        (bundle,) = (of for of in self.resources("Bundle") if of["id"] == "valueset-expansions")
        return {
            entry["resource"]["url"]: {
                (concept["system"], concept["code"])
                for concept in entry["resource"]["expansion"].get("contains", ())
            }
            for entry in bundle["entry"]
        }


def bare_version(canonical: str) -> str:
    """Drop the `|version` of a canonical url."""
    return canonical.partition("|")[0]
