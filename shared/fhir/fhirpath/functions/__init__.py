"""The functions of FHIRPath, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.fhirpath.functions import conversion, existence, filtering, math, strings, tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.fhirpath.machine import Function

FUNCTIONS: Final[Mapping[str, Function]] = {
    **existence.FUNCTIONS,
    **filtering.FUNCTIONS,
    **conversion.FUNCTIONS,
    **strings.FUNCTIONS,
    **math.FUNCTIONS,
    **tree.FUNCTIONS,
}
