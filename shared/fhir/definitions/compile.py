"""Compiles the data files beside this module: `python -m shared.fhir.definitions.compile FOLDER`.

FOLDER is the unpacked official npm package hl7.fhir.r4.examples 4.0.1, which holds every
definition of R4 unmodified (other copies are edited).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.fhir.definitions.compiling.advisory_bindings import advisory_bindings
from shared.fhir.definitions.compiling.invariants import invariants
from shared.fhir.definitions.compiling.package import Package
from shared.fhir.definitions.compiling.search_parameters import compartments, search_parameters
from shared.fhir.definitions.compiling.structures import resource_types, structures
from shared.fhir.definitions.compiling.terminology import code_systems, value_sets
from shared.fhir.definitions.compiling.value_sets import required_value_sets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BESIDE = Path(__file__).parent


def compile_package(folder: Path, into: Path = _BESIDE) -> None:
    """Write the data files: sorted, one line per type, parameter or value set."""
    package = Package(folder)
    types = structures(package.structures)
    bound = {element[7] for _, elements in types.values() for element in elements if element[7:]}
    _write_array(into / "resource_types.json", resource_types(package.structures))
    _write_object(into / "structures.json", types)
    _write_object(into / "invariants.json", invariants(package.structures))
    _write_object(into / "advisory_bindings.json", advisory_bindings(package.structures))
    _write_object(into / "value_sets.json", required_value_sets(package, bound))
    _write_object(into / "code_systems.json", code_systems(package))
    _write_object(into / "composed_value_sets.json", value_sets(package))
    _write_array(
        into / "search_parameters.json",
        search_parameters(package.resources("SearchParameter")),
    )
    _write_object(
        into / "compartments.json",
        compartments(package.resources("CompartmentDefinition")),
    )


def _write_object(path: Path, lines: Mapping[str, Any]) -> None:
    text = ",\n".join(f"{_text(name)}: {_text(lines[name])}" for name in sorted(lines))
    path.write_text(f"{{\n{text}\n}}\n", "utf-8")


def _write_array(path: Path, lines: Sequence[Any]) -> None:
    text = ",\n".join(map(_text, lines))
    path.write_text(f"[\n{text}\n]\n", "utf-8")


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    compile_package(Path(sys.argv[1]))
