"""What an interaction asks of its request before anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import InvalidSearch, Malformed

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
    """Check that an interaction on one resource is asked for no more than its layout.

    :raises InvalidSearch: when it carries another parameter, which would be passed over.
    """
    if has_criteria(request):
        raise InvalidSearch("With an id in the address go the parameters _format and _pretty.")


def has_criteria(request: FhirRequest) -> bool:
    """Tell whether an address asks for more than the layout of its answer."""
    return any(name not in {"_format", "_pretty"} for name, _ in request.query)
