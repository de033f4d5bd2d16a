"""Advisory bindings: the value sets that R4 recommends for an element, without demanding them.

https://hl7.org/fhir/R4/terminologies.html#strength
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.definitions.compiling.package import JsonObject, bare_version

if TYPE_CHECKING:
    from collections.abc import Iterable

_STRENGTHS = {"extensible", "preferred"}


def advisory_bindings(definitions: Iterable[JsonObject]) -> dict[str, dict[str, list[str]]]:
    """Make one line per type and backbone path: the strength and value set of its elements."""
    lines: dict[str, dict[str, list[str]]] = {}
    for definition in definitions:
        root, *elements = definition["snapshot"]["element"]
        for element in elements:
            binding = element.get("binding", {})
            if binding.get("strength") in _STRENGTHS and "valueSet" in binding:
                parent, _, name = element["path"].rpartition(".")
                # A profile's paths begin with the type it constrains.
                of_type = parent.replace(root["path"], definition["name"], 1)
                said = [binding["strength"], bare_version(binding["valueSet"])]
                lines.setdefault(of_type, {})[name.removesuffix("[x]")] = said
    return {name: dict(sorted(line.items())) for name, line in lines.items()}
