"""`ValueSet/$validate-code`: whether a value set holds a code.

Where what is held here does not decide it, the answer is a refusal that says what is missing:
never a "false" that nobody knows to be true.
https://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.terminology import holds
from shared.server.definition import Parameter
from shared.server.holdings import holdings_for
from shared.server.operations.terminology.asking import (
    Verdict,
    answered,
    asked_codes,
    first_valid,
    validate_code,
)
from shared.server.operations.terminology.naming import named
from shared.server.operations.terminology.value_set import WHICH, asked_value_set

if TYPE_CHECKING:
    from shared.server.call import Call
    from shared.server.request import FhirResponse
    from shared.store.reading import Reading

_NOT_HELD: Final = "The value set does not hold this code."
_NOTHING_ASKED: Final = "Nothing was given with both a system and a code."


async def validate_code_in_value_set(reading: Reading, call: Call) -> FhirResponse:
    """Tell whether a value set holds a code, or one of the codings of a concept.

    :raises CannotTell: when what is held here does not decide it.
    """
    inputs = call.inputs
    codes = asked_codes(inputs, inputs.one("system"), inputs.one("systemVersion"))
    value_set = await asked_value_set(reading, call)
    holdings = await holdings_for(reading, [value_set], [each.system for each in codes])
    found = first_valid(codes, lambda each: holds(holdings, value_set, each.code))
    if found is None:
        told = _NOT_HELD if codes else _NOTHING_ASKED
        return answered(Verdict(result=False, message=told))
    return answered(named(found, inputs, holdings, value_set))


VALIDATE_CODE_IN_VALUE_SET: Final = validate_code(
    "ValueSet",
    validate_code_in_value_set,
    "Tell whether a value set holds a code.",
    *WHICH,
    Parameter("system", "in", "uri", "The system of the code."),
    Parameter("systemVersion", "in", "string", "Which version of the system."),
)
