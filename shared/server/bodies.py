"""What an interaction asks of its request before anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import InvalidSearch, Malformed
from shared.server.showing import LAYOUT, NO_OTHERS, SHOWING

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.request import FhirRequest


def resource_of(request: FhirRequest) -> JsonObject:
    """Give the body's resource, which must be of the type that the address names.

    :raises Malformed: when there is no body, or it is of another type.
    """
    resource = request.resource
    if resource is None:
        raise Malformed("The request needs a body.", expression=request.type)
    if resource.get("resourceType") != request.type:
        raise Malformed(
            f"The body's resourceType must be {request.type}, as in the address.",
            expression=request.type,
        )
    return resource


def identified_as(resource: JsonObject, logical_id: str) -> None:
    """Check that a body carries the id of its address.

    :raises Malformed: when it has none, or another.
    """
    if resource.get("id") != logical_id:
        raise Malformed(
            "The body's id must be present and the same as in the address.",
            expression=f"{resource['resourceType']}.id",
        )


def only_layout(request: FhirRequest) -> None:
    """Check that a write of one resource is asked for no more than how its answer looks.

    :raises InvalidSearch: when it carries another parameter, which would be passed over.
    """
    if has_criteria(request):
        raise InvalidSearch(NO_OTHERS)


def has_criteria(request: FhirRequest) -> bool:
    """Tell whether an address asks for more than how its answer looks."""
    return any(name not in SHOWING | LAYOUT for name, _ in request.query)
