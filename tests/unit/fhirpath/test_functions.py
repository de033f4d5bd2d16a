"""Every function that the specification lists is there, with the arguments that it lists.

https://hl7.org/fhirpath/N1/index.html
https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from __future__ import annotations

import pytest

from shared.fhir.fhirpath import InvalidExpression
from shared.fhir.fhirpath.functions import FUNCTIONS
from tests.unit.fhirpath.people import answers

# By chapter of FHIRPath 2.0.
OF_FHIRPATH = {
    "existence": "empty exists all allTrue anyTrue allFalse anyFalse subsetOf supersetOf count "
    "distinct isDistinct",
    "filtering and projection": "where select repeat ofType",
    "subsetting": "single first last tail skip take intersect exclude",
    "combining": "union combine",
    "conversion": "iif toBoolean convertsToBoolean toInteger convertsToInteger toDate "
    "convertsToDate toDateTime convertsToDateTime toDecimal convertsToDecimal toQuantity "
    "convertsToQuantity toString convertsToString toTime convertsToTime",
    "string manipulation": "indexOf substring startsWith endsWith contains upper lower replace "
    "matches replaceMatches length toChars",
    "math": "abs ceiling exp floor ln log power round sqrt truncate",
    "tree navigation": "children descendants",
    "utility": "trace now timeOfDay today",
    "operations": "is as not aggregate type",
}
OF_FHIR = "extension hasValue getValue resolve conformsTo memberOf"
# What later releases have, or others serve, and stored profiles use.
MORE = "hasExtension trim"
LEFT_OUT = {
    "elementDefinition": "an expression is evaluated without the profile that it stands in",
    "slice": "an expression is evaluated without the profile that it stands in",
    "checkModifiers": "it ends an evaluation, and says nothing of a resource",
    "subsumes": "only $lookup and value sets ask for hierarchies",
    "subsumedBy": "only $lookup and value sets ask for hierarchies",
    "htmlChecks": "validation checks every narrative by itself",
}


def test_the_functions_are_those_of_the_specification() -> None:
    listed = " ".join([*OF_FHIRPATH.values(), OF_FHIR, MORE]).split()
    assert sorted(FUNCTIONS) == sorted(listed)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_refused_and_never_taken_for_empty(name: str) -> None:
    with pytest.raises(InvalidExpression, match="There is no function"):
        answers(f"name.{name}('a')")
