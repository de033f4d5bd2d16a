"""`$validate`: every issue of a content, as a write of it would find them, with nothing written.

A content that breaks rules is still a good question: the answer is 200 with the issues. Where a
content has no place in the record, the laws of care see it as something new.
https://hl7.org/fhir/R4/resource-operation-validate.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.care.law import CareChange
from shared.care.laws import LAWFUL_TYPES, broken_laws
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import Conflict, FhirError, Issue, Malformed
from shared.fhir.outcome import operation_outcome
from shared.fhir.validation import capped, is_sound, validate
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.interactions.update import refuse_subsetted
from shared.server.operations.meta import labelled
from shared.server.operations.profiles import against_profiles
from shared.server.request import FhirResponse
from shared.store.finding import fetch, required
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.reading import Reading

# https://hl7.org/fhir/R4/codesystem-resource-validation-mode.html
_MODES: Final = ("create", "update", "delete", "profile")
_MOST_REFERRERS: Final = 10
_FAULTS: Final = frozenset({"fatal", "error"})
_FINE: Final = Issue("information", "informational", "No issues were found.")


async def validate_content(reading: Reading, call: Call) -> FhirResponse:
    """Tell all issues of a resource: one that is given, or the one at the address.

    :raises NotFound: when there is nothing at the address that the caller may see.
    :raises Malformed: when nothing is given to look at, or the mode does not go with the address.
    :raises NotSupported: when the nominated profile is not known.
    """
    mode = call.inputs.one("mode")
    if mode not in {None, *_MODES}:
        raise Malformed(f"mode is one of {', '.join(_MODES)}.", expression="Parameters")
    issues = await _issues(reading, call, mode)
    return FhirResponse(200, write(operation_outcome(issues or [_FINE])))


async def _issues(reading: Reading, call: Call, mode: str | None) -> list[Issue]:
    if mode == "delete":
        return await _if_deleted(reading, call)
    resource = call.inputs.one("resource")
    stored = await _stored(reading, call, mode, resource)
    if resource is None:
        if stored is None:
            raise Malformed("Give a resource, or ask at the address of one.")
        resource = stored
    issues = [*_misplaced(call, mode, resource), *validate(resource, warnings=True)]
    # A profile may trust the shape of what it sees, and a law its codes too.
    is_lawful = all(each.severity not in _FAULTS for each in issues)
    if is_sound(issues):
        nominated, now = call.inputs.one("profile"), call.context.local_now
        issues += await against_profiles(reading, resource, nominated, now=now)
    if is_lawful:
        issues += _unlawful(call, resource, stored)
    # What is wrong stands before what is only recommended.
    return capped(sorted(issues, key=lambda each: each.severity not in _FAULTS))


async def _stored(
    reading: Reading, call: Call, mode: str | None, resource: JsonObject | None
) -> JsonObject | None:
    """Read what the content would take the place of."""
    if call.request.id is not None:
        return (await required(reading, Key(call.request.type or "", call.request.id))).content
    if mode != "update" or resource is None:
        return None
    name, logical_id = resource.get("resourceType"), resource.get("id")
    if not (isinstance(name, str) and name in TYPE_CODE and isinstance(logical_id, str)):
        return None
    found = await fetch(reading, Key(name, logical_id))
    return None if found is None else found.content


def _misplaced(call: Call, mode: str | None, resource: JsonObject) -> Iterable[Issue]:
    """Find what a content lacks for its address."""
    request = call.request
    name = resource.get("resourceType")
    if request.type is not None and name != request.type:
        told = f"The resourceType must be {request.type}, as in the address."
        yield Issue("error", "invalid", told, "Resource")
    if mode == "update" and "id" not in resource:
        yield Issue("error", "required", "An update needs an id.", f"{request.type or name}.id")
    if request.id is not None and resource.get("id", request.id) != request.id:
        told = "The id must be the same as in the address."
        yield Issue("error", "invalid", told, f"{request.type}.id")
    if mode == "update":
        try:
            refuse_subsetted(resource)
        except FhirError as error:
            yield from error.issues


def _unlawful(call: Call, resource: JsonObject, stored: JsonObject | None) -> list[Issue]:
    name = resource["resourceType"]
    if name not in LAWFUL_TYPES:
        return []
    context = call.context
    caller = context.caller.reference
    change = CareChange(stored, resource, context.local_now, caller, context.bases)
    return broken_laws(name, change)


async def _if_deleted(reading: Reading, call: Call) -> list[Issue]:
    """Find what stands against deleting the resource at the address: who refers to it."""
    if call.request.id is None:
        raise Malformed("The mode delete is asked at the address of a resource.")
    found = await required(reading, Key(call.request.type or "", call.request.id))
    others = [each.key for each in await reading.mentions([found.key]) if each.key != found.key]
    if not others:
        return []
    named = ", ".join(sorted(map(str, others))[:_MOST_REFERRERS])
    told = f"{found.key} cannot be deleted while others refer to it: {named}."
    return [Issue("error", Conflict.code, told, found.key.type)]


def validate_operations(types: Iterable[str]) -> tuple[Operation, ...]:
    """Make the operation at its three levels, for some types."""
    of_type = Operation(
        code="validate",
        level="type",
        types=tuple(types),
        handle=validate_content,
        opens="snapshot",
        affects_state=False,
        description="Tell every issue of a resource, and write nothing.",
        parameters=(
            Parameter("resource", "in", "Resource", "What to look at.", checked=False),
            Parameter("mode", "in", "code", f"What it is for: {', '.join(_MODES)}."),
            Parameter("profile", "in", "canonical", "A profile that it must follow too."),
            Parameter("return", "out", "OperationOutcome", "The issues.", min=1),
        ),
        defined_on="Resource",
    )
    instance = replace(of_type, level="instance", types=labelled(types))
    return of_type, instance, replace(of_type, level="system", types=())
