"""`CodeSystem/$validate-code`: whether a code system has a code.

https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Malformed, NotFound
from shared.fhir.terminology import CannotTell, Holdings, code_system_of
from shared.server.definition import Operation, Parameter
from shared.server.holdings import find_code_system
from shared.server.operations.terminology.asking import (
    ABSTRACT,
    ANSWER,
    CODING,
    CONCEPT,
    Verdict,
    answered,
    asked_codes,
)
from shared.server.operations.terminology.naming import named
from shared.server.operations.terminology.value_set import valid
from shared.store.finding import required
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.terminology import CodeSystem
    from shared.server.call import Call
    from shared.server.operations.terminology.asking import Asked
    from shared.server.request import FhirResponse
    from shared.store.reading import Reading


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
    if not codes:
        return answered(
            Verdict(result=False, message="Nothing was given with a code of this code system.")
        )
    systems = [given or await _held(reading, each.system) for each in codes]
    found = _first_known(codes, systems)
    if found is None:
        return answered(Verdict(result=False, message="The code system does not have this code."))
    asked, system = found
    return answered(named(asked, inputs, Holdings({asked.system: system})))


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


def _first_known(
    codes: Sequence[Asked], systems: Sequence[CodeSystem]
) -> tuple[Asked, CodeSystem] | None:
    for asked, system in zip(codes, systems, strict=True):
        if system.find(asked.code.code) is not None:
            return asked, system
    if not all(system.is_complete for system in systems):
        raise CannotTell("Only a part of the code system is held here.")
    return None


VALIDATE_CODE_IN_CODE_SYSTEM: Final = tuple(
    Operation(
        code="validate-code",
        level=level,
        types=("CodeSystem",),
        handle=validate_code_in_code_system,
        opens="snapshot",
        affects_state=False,
        description="Tell whether a code system has a code.",
        parameters=(
            Parameter("url", "in", "uri", "The url of the code system."),
            Parameter("codeSystem", "in", "CodeSystem", "The code system itself."),
            Parameter("code", "in", "code", "The code to check."),
            Parameter("version", "in", "string", "Which version of the code system."),
            Parameter("display", "in", "string", "What the code is called, to check that too."),
            CODING,
            CONCEPT,
            ABSTRACT,
            *ANSWER,
        ),
    )
    for level in ("type", "instance")
)
