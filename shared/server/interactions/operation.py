"""FHIR operations: `$name` on the system, a type or an instance.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.fhir.errors import MethodNotAllowed, NotFound
from shared.server.auditing import audit_row
from shared.server.call import Call
from shared.server.inputs import inputs_of
from shared.store.transaction import Transaction

if TYPE_CHECKING:
    from shared.server.definition import Operation, ServiceDefinition
    from shared.server.engine import Engine
    from shared.server.request import Context, FhirRequest, FhirResponse


def called(definition: ServiceDefinition, request: FhirRequest) -> Operation:
    """Find the operation that a request calls.

    :raises NotFound: when there is no such operation at this address.
    :raises MethodNotAllowed: when it changes something and is not asked by POST.
    """
    level = "instance" if request.id else "type" if request.type else "system"
    for each in definition.operations:
        is_meant = each.code == request.operation and each.level == level
        if is_meant and (request.type is None or request.type in each.types):
            if each.affects_state and request.method != "POST":
                raise MethodNotAllowed(
                    "This operation is asked by POST.", headers={"Allow": "POST"}
                )
            return each
    raise NotFound("There is no such operation at this address.")


async def operation(
    opened: Any,  # noqa: ANN401 - what the operation says that it opens
    request: FhirRequest,
    context: Context,
    *,
    engine: Engine,
    operation: Operation,
) -> FhirResponse:
    """Run an operation with its inputs.

    :raises Malformed: for inputs that it does not take, or lacks.
    """
    call = Call(request, context, inputs_of(operation, request), engine)
    response = await operation.handle(opened, call)
    if isinstance(opened, Transaction):
        service = engine.definition.name
        row = audit_row(request, context, service, status=response.status, response=response)
        await opened.audit([row])
    return response
