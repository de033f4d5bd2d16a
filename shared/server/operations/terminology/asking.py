"""Which codes a caller asks about, and the form of the answer to whether they are valid.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.errors import Malformed
from shared.fhir.terminology import Code
from shared.fhir.writer import write
from shared.server.definition import Parameter
from shared.server.request import FhirResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject
    from shared.server.inputs import Inputs

CODING: Final = Parameter("coding", "in", "Coding", "The code to check, with its system.")
CONCEPT: Final = Parameter(
    "codeableConcept", "in", "CodeableConcept", "Codings of which one must be valid."
)
ABSTRACT: Final = Parameter(
    "abstract", "in", "boolean", "With false, a concept that only groups others is not valid."
)
ANSWER: Final = (
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
