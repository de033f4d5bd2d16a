"""Invariants: the FHIRPath rules of each type, on the type itself or on one of its elements.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.definitions.compiling.package import FHIR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.definitions.compiling.package import JsonObject

# Repeated on thousands of elements; the validator holds both by its structure.
_STRUCTURAL = {"ele-1", "ext-1"}


def invariants(definitions: Iterable[JsonObject]) -> dict[str, list[list[Any]]]:
    """Make one line per type or backbone path that has rules of its own."""
    lines: dict[str, list[list[Any]]] = {}
    for definition in definitions:
        if definition["kind"] != "primitive-type":
            for of, rule in _rules(definition):
                lines.setdefault(of, []).append(rule)
    return lines


def _rules(definition: JsonObject) -> Iterator[tuple[str, list[Any]]]:
    root, *elements = definition["snapshot"]["element"]
    name = definition["name"]
    backbones = {element["path"].rpartition(".")[0] for element in elements} - {root["path"]}
    for element in (root, *elements):
        of, element_name = element["path"], ""
        if element is not root and of not in backbones:
            of, _, element_name = of.rpartition(".")
        of = of.replace(root["path"], name, 1)
        for rule in element.get("constraint", ()):
            if rule["key"] in _STRUCTURAL or _belongs_to_base(rule, definition):
                continue
            yield (
                of,
                [
                    element_name.removesuffix("[x]"),
                    rule["key"],
                    rule["severity"],
                    rule["expression"],
                    " ".join(rule["human"].split()),
                ],
            )


def _belongs_to_base(rule: JsonObject, definition: JsonObject) -> bool:
    # A resource's snapshot repeats the rules of DomainResource.
    source = rule.get("source", definition["url"])
    return source == f"{FHIR}DomainResource" and source != definition["url"]
