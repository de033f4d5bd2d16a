"""`CodeSystem/$lookup`: what a code system says of a code.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.errors import Malformed, NotFound
from shared.fhir.terminology import CannotTell
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.holdings import find_code_system
from shared.server.operations.terminology.asking import CODING, asked_codes
from shared.server.request import FhirResponse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from shared.fhir.reader import JsonObject
    from shared.fhir.terminology import CodeSystem, Concept
    from shared.server.call import Call
    from shared.store.reading import Reading

_OF_DESIGNATION: Final = (
    ("language", "valueCode"),
    ("use", "valueCoding"),
    ("value", "valueString"),
)


async def lookup(reading: Reading, call: Call) -> FhirResponse:
    """Tell what a code is called, where it stands, and what else is said of it.

    :raises NotFound: when the code system is not held here, or does not have the code.
    :raises CannotTell: when only a part of the code system is held here.
    """
    inputs = call.inputs
    codes = asked_codes(inputs, inputs.one("system"), inputs.one("version"))
    if not codes:
        raise Malformed("The coding needs a system and a code.", expression="Parameters")
    system = await find_code_system(reading, codes[0].system)
    if system is None:
        raise NotFound("This code system is not held here.")
    concept = system.find(codes[0].code.code)
    if concept is None and not system.is_complete:
        raise CannotTell("Only a part of the code system is held here.")
    if concept is None:
        raise NotFound("The code system does not have this code.")
    told = list(_told(system, concept, frozenset(inputs.many("property"))))
    return FhirResponse(200, write({"resourceType": "Parameters", "parameter": told}))


def _told(system: CodeSystem, concept: Concept, wanted: Collection[str]) -> Iterator[JsonObject]:
    yield {"name": "name", "valueString": system.stated.get("name", system.url)}
    if system.version is not None:
        yield {"name": "version", "valueString": system.version}
    yield {"name": "display", "valueString": concept.display or concept.code}
    for each in concept.stated.get("designation", ()):
        parts = [_part(name, key, each[name]) for name, key in _OF_DESIGNATION if name in each]
        yield {"name": "designation", "part": parts}
    for name, key, value in _properties(system, concept):
        if not wanted or name in wanted:
            parts = [_part("code", "valueCode", name), _part("value", key, value)]
            yield {"name": "property", "part": parts}


def _properties(system: CodeSystem, concept: Concept) -> Iterator[tuple[str, str, Any]]:
    if "definition" in concept.stated:
        yield "definition", "valueString", concept.stated["definition"]
    yield from (("parent", "valueCode", code) for code in concept.parents)
    yield from (("child", "valueCode", code) for code in system.below.get(concept.code, ()))
    for each in concept.stated.get("property", ()):
        if each["code"] not in {"parent", "child"}:
            key = next(name for name in each if name.startswith("value"))
            yield each["code"], key, each[key]


def _part(name: str, key: str, value: object) -> JsonObject:
    return {"name": name, key: value}


_DESIGNATION: Final = (
    Parameter("language", "out", "code", "The language of the name."),
    Parameter("use", "out", "Coding", "What the name is for."),
    Parameter("value", "out", "string", "The name.", min=1),
)
_PROPERTY: Final = (
    Parameter("code", "out", "code", "Which property.", min=1),
    Parameter("value", "out", "string", "Its value, of whichever type it has."),
)

LOOKUP: Final = Operation(
    code="lookup",
    level="type",
    types=("CodeSystem",),
    handle=lookup,
    opens="snapshot",
    affects_state=False,
    description="Tell what a code system says of a code.",
    parameters=(
        Parameter("code", "in", "code", "The code."),
        Parameter("system", "in", "uri", "The system of the code."),
        Parameter("version", "in", "string", "Which version of the system."),
        CODING,
        Parameter("property", "in", "code", "Only these properties.", max=None),
        Parameter("name", "out", "string", "What the code system is called.", min=1),
        Parameter("version", "out", "string", "The version of the code system."),
        Parameter("display", "out", "string", "What the code is called.", min=1),
        Parameter(
            "designation", "out", "", "What else it is called.", max=None, parts=_DESIGNATION
        ),
        Parameter("property", "out", "", "What is said of it.", max=None, parts=_PROPERTY),
    ),
)
