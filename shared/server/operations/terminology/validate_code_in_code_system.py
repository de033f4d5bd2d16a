"""`CodeSystem/$validate-code`: whether a code system has a code.

https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Malformed, NotFound
from shared.fhir.terminology import CannotTell, Holdings, code_system_of
from shared.server.definition import Parameter
from shared.server.holdings import find_code_system
from shared.server.operations.terminology.asking import (
    Verdict,
    answered,
    asked_codes,
    first_valid,
    validate_code,
)
from shared.server.operations.terminology.naming import named
from shared.server.operations.terminology.value_set import valid
from shared.store.finding import required
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.fhir.terminology import CodeSystem
    from shared.server.call import Call
    from shared.server.operations.terminology.asking import Asked
    from shared.server.request import FhirResponse
    from shared.store.reading import Reading

_NOT_OF_IT: Final = "Nothing was given with a code of this code system."
_NOT_HELD: Final = "The code system does not have this code."


async def validate_code_in_code_system(reading: Reading, call: Call) -> FhirResponse:
    """Tell whether a code system has a code, or one of the codings of a concept.

    :raises NotFound: when the code system is not held here.
    :raises CannotTell: when only a part of it is.
    """
    inputs = call.inputs
    given = await _given(reading, call)
    url = given.url if given is not None else inputs.one("url")
    codes = asked_codes(inputs, url, inputs.one("version"))
    if url is not None:
        codes = [each for each in codes if each.code.system == url]
    systems = {each.system: given or await _held(reading, each.system) for each in codes}
    found = first_valid(codes, lambda each: _has(systems[each.system], each))
    if found is None:
        told = _NOT_HELD if codes else _NOT_OF_IT
        return answered(Verdict(result=False, message=told))
    return answered(named(found, inputs, Holdings({found.system: systems[found.system]})))


async def _given(reading: Reading, call: Call) -> CodeSystem | None:
    """Read the code system at an id, or in the body."""
    inline = call.inputs.one("codeSystem")
    stated = None if inline is None else valid(inline)
    ways = (stated, call.inputs.one("url"), call.request.id)
    if sum(each is not None for each in ways) > 1:
        raise Malformed("Name one code system: by its id, its url, or in the body.")
    if call.request.id is not None:
        stated = (await required(reading, Key("CodeSystem", call.request.id))).content
    if stated is None:
        return None
    if stated.get("content") == "supplement":
        raise CannotTell("A supplement does not say which codes there are.")
    return code_system_of(stated)


async def _held(reading: Reading, canonical: str) -> CodeSystem:
    system = await find_code_system(reading, canonical)
    if system is None:
        raise NotFound("This code system is not held here.")
    return system


def _has(system: CodeSystem, asked: Asked) -> bool:
    if system.find(asked.code.code) is not None:
        return True
    if not system.is_complete:
        raise CannotTell("Only a part of the code system is held here.")
    return False


VALIDATE_CODE_IN_CODE_SYSTEM: Final = validate_code(
    "CodeSystem",
    validate_code_in_code_system,
    "Tell whether a code system has a code.",
    Parameter("url", "in", "uri", "The url of the code system."),
    Parameter("codeSystem", "in", "CodeSystem", "The code system itself."),
    Parameter("version", "in", "string", "Which version of the code system."),
)
