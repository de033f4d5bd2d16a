"""`ValueSet/$expand`: every concept of a value set, or those that answer to a text.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.errors import Malformed, TooCostly
from shared.fhir.terminology import expand
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.holdings import holdings_for
from shared.server.operations.terminology.value_set import WHICH, asked_value_set
from shared.server.request import FhirResponse
from shared.store.version import instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject
    from shared.fhir.terminology import Holdings, Member
    from shared.server.call import Call
    from shared.server.inputs import Inputs
    from shared.store.reading import Reading

_MOST: Final = 1000
# What of the value set the answer repeats.
_HEAD: Final = ("url", "identifier", "version", "name", "title", "status", "experimental", "date")
_ECHOED: Final = (
    ("filter", "valueString"),
    ("offset", "valueInteger"),
    ("count", "valueInteger"),
    ("activeOnly", "valueBoolean"),
    ("includeDesignations", "valueBoolean"),
)


async def expand_value_set(reading: Reading, call: Call) -> FhirResponse:
    """List the concepts of a value set, or one page of them.

    :raises CannotTell: when what is held here does not tell all of them.
    :raises TooCostly: when they are more than may be given at once, and no page is asked for.
    """
    value_set = await asked_value_set(reading, call)
    holdings = await holdings_for(reading, [value_set])
    members = _asked(expand(holdings, value_set), call.inputs)
    shown = _page(members, call.inputs)
    answer: JsonObject = {
        "resourceType": "ValueSet",
        **{name: value_set[name] for name in _HEAD if name in value_set},
        "expansion": {
            "timestamp": instant(call.context.now),
            "total": len(members),
            **_offset(call.inputs),
            **_parameters(holdings, call.inputs),
            **_contains(shown, call.inputs),
        },
    }
    return FhirResponse(200, write(answer))


def _asked(members: Sequence[Member], inputs: Inputs) -> list[Member]:
    text = inputs.one("filter") or ""
    active_only = bool(inputs.one("activeOnly"))
    return [
        each for each in members if each.answers_to(text) and not (active_only and each.is_inactive)
    ]


def _page(members: Sequence[Member], inputs: Inputs) -> Sequence[Member]:
    offset, count = inputs.one("offset") or 0, inputs.one("count")
    if offset < 0 or (count or 0) < 0:
        raise Malformed("offset and count may not be negative.")
    if count is None and len(members) - offset > _MOST:
        raise TooCostly(
            f"These are {len(members):,} concepts; ask for at most {_MOST:,} with count and offset."
        )
    return members[offset : offset + min(_MOST if count is None else count, _MOST)]


def _offset(inputs: Inputs) -> JsonObject:
    asked = inputs.one("offset") is not None or inputs.one("count") is not None
    return {"offset": inputs.one("offset") or 0} if asked else {}


def _parameters(holdings: Holdings, inputs: Inputs) -> JsonObject:
    told: list[JsonObject] = [
        {"name": name, key: inputs.one(name)}
        for name, key in _ECHOED
        if inputs.one(name) is not None
    ]
    systems = {(each.url, each.version) for each in holdings.code_systems.values()}
    told += [
        {"name": "version", "valueUri": f"{url}|{version}"}
        for url, version in sorted(systems, key=str)
        if version is not None
    ]
    return {"parameter": told} if told else {}


def _contains(members: Sequence[Member], inputs: Inputs) -> JsonObject:
    with_designations = bool(inputs.one("includeDesignations"))
    contains = [_member(each, with_designations=with_designations) for each in members]
    return {"contains": contains} if contains else {}


def _member(member: Member, *, with_designations: bool) -> JsonObject:
    concept = member.concept
    told: dict[str, Any] = {"system": member.system}
    if concept is not None and concept.is_abstract:
        told["abstract"] = True
    if member.is_inactive:
        told["inactive"] = True
    told["code"] = member.code
    if member.display is not None:
        told["display"] = member.display
    stated = member.listed.get("designation") or (concept and concept.stated.get("designation"))
    return told | ({"designation": stated} if with_designations and stated else {})


_PARAMETERS: Final = (
    Parameter("filter", "in", "string", "Only what has words that begin so."),
    Parameter("offset", "in", "integer", "How many to pass over."),
    Parameter("count", "in", "integer", f"How many to give, at most {_MOST:,}."),
    Parameter("activeOnly", "in", "boolean", "Whether to leave out what is not used any more."),
    Parameter("includeDesignations", "in", "boolean", "Whether to give other names too."),
    Parameter("return", "out", "ValueSet", "The value set with its expansion.", min=1),
)
_DESCRIPTION: Final = "List the concepts of a value set, or those that answer to a text."

EXPAND: Final = tuple(
    Operation(
        code="expand",
        level=level,
        types=("ValueSet",),
        handle=expand_value_set,
        opens="snapshot",
        affects_state=False,
        description=_DESCRIPTION,
        parameters=(*WHICH, *_PARAMETERS),
    )
    for level in ("type", "instance")
)
