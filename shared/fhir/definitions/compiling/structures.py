"""Structures: what each type consists of, from the snapshots of its StructureDefinition.

https://hl7.org/fhir/R4/structuredefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.definitions.compiling.package import FHIR, JsonObject, bare_version

if TYPE_CHECKING:
    from collections.abc import Iterable

Lines = dict[str, list[Any]]

_KINDS = {"resource": "resource", "complex-type": "complex", "primitive-type": "primitive"}
_FHIRPATH_TYPE = "http://hl7.org/fhirpath/System."
_FHIR_TYPE = f"{FHIR}structuredefinition-fhir-type"
_OWN_TYPES = {f"{FHIR}SimpleQuantity", f"{FHIR}MoneyQuantity"}


def resource_types(definitions: Iterable[JsonObject]) -> list[str]:
    """List the concrete resource types, sorted."""
    return sorted(
        definition["type"]
        for definition in definitions
        if definition["kind"] == "resource" and not definition["abstract"]
    )


def structures(definitions: Iterable[JsonObject]) -> Lines:
    """Make one line per type and per backbone path: its kind and its elements."""
    lines: Lines = {}
    for definition in definitions:
        lines.update(_types_of(definition))
    return lines


def _types_of(definition: JsonObject) -> Lines:
    name, kind = definition["name"], _KINDS[definition["kind"]]
    if kind == "primitive":
        return {name: [kind, []]}
    root, *elements = definition["snapshot"]["element"]
    parents = {element["path"].rpartition(".")[0] for element in elements}
    lines: Lines = {name: [kind, []]}
    for element in elements:
        path = element["path"]
        # A profile's paths begin with the type it constrains: Quantity.value in SimpleQuantity.
        parent = path.rpartition(".")[0].replace(root["path"], name, 1)
        if path in parents:
            lines[path] = ["backbone", []]
        lines[parent][1].append(_element(element, kind, nested=path in parents))
    return lines


def _element(element: JsonObject, kind: str, *, nested: bool) -> list[Any]:
    name = element["path"].rpartition(".")[2]
    choice = name.endswith("[x]")
    name = name.removesuffix("[x]")
    greatest = None if element["max"] == "*" else int(element["max"])
    keys = _keys(element, name, kind, nested=nested)
    flags = [element.get(flag, False) for flag in ("isSummary", "isModifier")]
    line = [name, element["min"], greatest, choice, keys, *flags]
    binding = element.get("binding", {})
    if binding.get("strength") == "required":
        line.append(bare_version(binding["valueSet"]))
    return line


def _keys(element: JsonObject, name: str, kind: str, *, nested: bool) -> list[list[Any]]:
    if nested:
        return [[name, element["path"]]]
    if "contentReference" in element:
        return [[name, element["contentReference"].removeprefix("#")]]
    is_resource_id = kind == "resource" and element["path"].count(".") == 1 and name == "id"
    if is_resource_id:
        # The snapshot says "string", which knows neither the charset nor the 64 characters.
        return [[name, "id"]]
    choice = element["path"].endswith("[x]")
    return sorted(_key(found, name, choice=choice) for found in element["type"])


def _key(found: JsonObject, name: str, *, choice: bool) -> list[Any]:
    code = found["code"]
    if code.startswith(_FHIRPATH_TYPE):
        code = next(said["valueUrl"] for said in found["extension"] if said["url"] == _FHIR_TYPE)
    json = name + code[0].upper() + code[1:] if choice else name
    profiles = _OWN_TYPES.intersection(found.get("profile", ()))
    if profiles:
        code = profiles.pop().removeprefix(FHIR)
    targets = sorted(target.removeprefix(FHIR) for target in found.get("targetProfile", ()))
    if "Resource" in targets:
        targets = []
    return [json, code, targets] if targets else [json, code]
