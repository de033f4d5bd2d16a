"""The OperationDefinitions of what a service does beyond REST, made from its declarations; pure.

https://hl7.org/fhir/R4/operationdefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.server.capabilities import RELEASED, operation_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject
    from shared.server.definition import Operation, Parameter


def operation_definitions(operations: Sequence[Operation]) -> list[JsonObject]:
    """Define each operation once, or once for each type, at whichever levels it is served."""
    served: dict[tuple[str | None, str], list[Operation]] = {}
    for operation in operations:
        on = operation.defined_on
        for resource_type in (on,) if on else operation.types or (None,):
            served.setdefault((resource_type, operation.code), []).append(operation)
    return [_definition(resource_type, levels) for (resource_type, _), levels in served.items()]


def _definition(resource_type: str | None, levels: Sequence[Operation]) -> JsonObject:
    operation = levels[0]
    url = operation_url(operation, resource_type)
    at = {each.level for each in levels}
    of_type = {} if resource_type is None else {"resource": [resource_type]}
    parameters = {"parameter": [_parameter(each) for each in operation.parameters]}
    return {
        "resourceType": "OperationDefinition",
        "id": url.rpartition("/")[2],
        "url": url,
        "version": "1.0",
        "name": "".join(word.capitalize() for word in operation.code.split("-")),
        "title": f"${operation.code}",
        "status": "active",
        "kind": "operation",
        "date": RELEASED,
        "description": operation.description,
        "affectsState": operation.affects_state,
        "code": operation.code,
        **of_type,
        "system": "system" in at,
        "type": "type" in at,
        "instance": "instance" in at,
        **(parameters if operation.parameters else {}),
    }


def _parameter(parameter: Parameter) -> JsonObject:
    inside: JsonObject = {"type": parameter.type}
    if parameter.parts:
        inside = {"part": [_parameter(each) for each in parameter.parts]}
    return {
        "name": parameter.name,
        "use": parameter.use,
        "min": parameter.min,
        "max": "*" if parameter.max is None else str(parameter.max),
        "documentation": parameter.documentation,
        **inside,
    }
