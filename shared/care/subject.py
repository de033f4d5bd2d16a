"""Which person of this record a resource is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject


def patient_of(resource: JsonObject, element: str, bases: tuple[str, ...]) -> str | None:
    """Give the logical id of the Patient here that an element refers to; None if it is none."""
    text = resource.get(element, {}).get("reference")
    if not isinstance(text, str):
        return None
    link = parse_reference(text, bases)
    return link.id if link.kind == "local" and link.type == "Patient" else None
