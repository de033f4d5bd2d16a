"""Advisory bindings: a code that R4 recommends from a list, and that may be another.

A text alone is no code, so nothing is said of it; nor of a list that nobody here knows.
https://hl7.org/fhir/R4/terminologies.html#extensible
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.terminology import defined_codes, has_code
from shared.fhir.validation.finding import Finding, joined

if TYPE_CHECKING:
    from shared.fhir.definitions.advisory_bindings import AdvisoryBinding
    from shared.fhir.errors import Severity
    from shared.fhir.validation.finding import Checker, Findings, Run

_CODED: Final = frozenset({"code", "string", "uri", "Coding", "CodeableConcept", "Quantity"})


def advised(binding: AdvisoryBinding, type_name: str, plain: Checker) -> Checker:
    """Make the checker of a coded value that tells, besides, when the value is of no such code."""
    codes = defined_codes(binding.value_set) if type_name in _CODED else None
    if codes is None:
        return plain
    severity: Severity = "warning" if binding.strength == "extensible" else "information"
    told = f"This code is not in {binding.value_set}, to which R4 binds it ({binding.strength})."

    def check(value: object, run: Run) -> Findings | None:
        found = plain(value, run)
        if any(each.severity == "error" for each in found or ()):
            return found
        if has_code(codes, value) is not False:
            return found
        return joined(found, [Finding("code-invalid", told, severity)])

    return check
