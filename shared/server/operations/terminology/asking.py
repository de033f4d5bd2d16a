"""Which codes a caller asks about, and the form of the answer to whether they are valid.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.fhir.errors import Malformed
from shared.fhir.terminology import CannotTell, Code
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.server.inputs import Inputs

    Handle = Callable[[Any, Call], Awaitable[FhirResponse]]

CODING: Final = Parameter("coding", "in", "Coding", "The code to check, with its system.")
_ASKED: Final = (
    Parameter("code", "in", "code", "The code to check."),
    Parameter("display", "in", "string", "What the code is called, to check that too."),
    CODING,
    Parameter("codeableConcept", "in", "CodeableConcept", "Codings of which one must be valid."),
    Parameter(
        "abstract", "in", "boolean", "With false, a concept that only groups others is not valid."
    ),
    Parameter("result", "out", "boolean", "Whether it is valid.", min=1),
    Parameter("message", "out", "string", "Why it is not, or what could not be checked."),
    Parameter("display", "out", "string", "What it is called, as far as that is known."),
)
_WAYS: Final = ("code", "coding", "codeableConcept")


class Asked(NamedTuple):
    """A code, the version of its system if one is named, and what the caller calls it."""

    code: Code
    version: str | None
    display: str | None

    @property
    def system(self) -> str:
        """Name the code system that it is from, with the version if one is named."""
        return f"{self.code.system}|{self.version}" if self.version else self.code.system


class Verdict(NamedTuple):
    """Whether it is valid, why not, and what it is called."""

    result: bool
    message: str | None = None
    display: str | None = None


def asked_codes(inputs: Inputs, system: str | None, version: str | None) -> list[Asked]:
    """List the codes that are asked about; one alone is from the `system` given beside it.

    :raises Malformed: when none or several of the ways to name them are used.
    """
    ways = [name for name in _WAYS if inputs.one(name) is not None]
    if len(ways) != 1:
        raise Malformed("Give one of code, coding and codeableConcept.", expression="Parameters")
    if ways == ["code"]:
        if system is None:
            raise Malformed("A code is given with its system.", expression="Parameters")
        code = Code(system, inputs.one("code"))
        return [Asked(code, version, inputs.one("display"))]
    concept = inputs.one("codeableConcept")
    codings: Sequence[JsonObject] = concept.get("coding", ()) if concept else inputs.many("coding")
    return [
        Asked(Code(each["system"], each["code"]), each.get("version"), each.get("display"))
        for each in codings
        if "system" in each and "code" in each
    ]


def answered(verdict: Verdict) -> FhirResponse:
    """Answer with a verdict, as Parameters."""
    told: list[JsonObject] = [{"name": "result", "valueBoolean": verdict.result}]
    if verdict.message is not None:
        told.append({"name": "message", "valueString": verdict.message})
    if verdict.display is not None:
        told.append({"name": "display", "valueString": verdict.display})
    return FhirResponse(200, write({"resourceType": "Parameters", "parameter": told}))


def first_valid(codes: Iterable[Asked], is_valid: Callable[[Asked], bool]) -> Asked | None:
    """Find the first code that is valid; None where none of them is.

    :raises CannotTell: when none is known to be, and of one nobody here can tell.
    """
    undecided: list[CannotTell] = []
    for each in codes:
        try:
            if is_valid(each):
                return each
        except CannotTell as error:
            undecided.append(error)
    if undecided:
        raise undecided[0]
    return None


def validate_code(
    resource_type: str, handle: Handle, description: str, *named_by: Parameter
) -> tuple[Operation, ...]:
    """Make `$validate-code` of a type and of its instances; `named_by` says what is asked."""
    return tuple(
        Operation(
            code="validate-code",
            level=level,
            types=(resource_type,),
            handle=handle,
            opens="snapshot",
            affects_state=False,
            description=description,
            parameters=(*named_by, *_ASKED),
        )
        for level in ("type", "instance")
    )
