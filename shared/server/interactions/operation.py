"""FHIR operations: `$name` on the system, a type or an instance.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import MethodNotAllowed, NotFound

if TYPE_CHECKING:
    from shared.server.definition import Operation, ServiceDefinition
    from shared.server.engine import Engine
    from shared.server.request import Context, FhirRequest, FhirResponse


async def operation(engine: Engine, request: FhirRequest, context: Context) -> FhirResponse:
    """Run an operation that this service declares.

    :raises NotFound: when there is no such operation at this address.
    :raises MethodNotAllowed: when it changes something and is not asked by POST.
    """
    found = declared(engine.definition, request)
    if found is None:
        raise NotFound("There is no such operation at this address.")
    if found.affects_state and request.method != "POST":
        raise MethodNotAllowed("This operation is asked by POST.", headers={"Allow": "POST"})
    return await found.handle(engine, request, context)


def declared(definition: ServiceDefinition, request: FhirRequest) -> Operation | None:
    """Find the operation that a request asks for."""
    level = "instance" if request.id else "type" if request.type else "system"
    for each in definition.operations:
        is_meant = each.code == request.operation and each.level == level
        if is_meant and (request.type is None or request.type in each.types):
            return each
    return None
