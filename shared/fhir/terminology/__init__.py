"""Terminology: which concepts a value set holds, and what a code system says of one; pure.

https://hl7.org/fhir/R4/terminology-module.html
"""

from shared.fhir.terminology.code_system import CodeSystem, Concept, code_system_of
from shared.fhir.terminology.defined import defined_codes, defined_system, has_code
from shared.fhir.terminology.errors import CannotTell
from shared.fhir.terminology.expansion import Member, expand
from shared.fhir.terminology.holdings import Code, Holdings, named_in
from shared.fhir.terminology.judging import is_in
from shared.fhir.terminology.membership import holds
from shared.fhir.terminology.naming import is_called, names_of

__all__ = [
    "CannotTell",
    "Code",
    "CodeSystem",
    "Concept",
    "Holdings",
    "Member",
    "code_system_of",
    "defined_codes",
    "defined_system",
    "expand",
    "has_code",
    "holds",
    "is_called",
    "is_in",
    "named_in",
    "names_of",
]
