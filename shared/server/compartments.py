"""The compartments of R4: the resources around one patient, encounter, practitioner or device.

https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import RESOURCE_TYPES, compartment_parameters
from shared.fhir.search.parameters import served_parameters

if TYPE_CHECKING:
    from shared.fhir.search.parameters import Parameter

COMPARTMENTS: Final = ("Device", "Encounter", "Patient", "Practitioner", "RelatedPerson")
DEFINITIONS: Final = tuple(
    f"http://hl7.org/fhir/CompartmentDefinition/{each.lower()}" for each in COMPARTMENTS
)


def members(compartment: str) -> list[str]:
    """List the types of which a compartment can hold resources; its own is always among them."""
    return [each for each in RESOURCE_TYPES if is_member(compartment, each)]


def is_member(compartment: str, resource_type: str) -> bool:
    """Tell whether a compartment can hold resources of a type."""
    if compartment not in COMPARTMENTS or resource_type not in RESOURCE_TYPES:
        return False
    own = compartment_parameters(compartment, resource_type)
    return bool(own) or resource_type == compartment


def parameters_of(compartment: str, resource_type: str) -> tuple[Parameter, ...]:
    """Give the parameters that put a resource of a type into a compartment."""
    served = served_parameters(resource_type)
    codes = compartment_parameters(compartment, resource_type)
    return tuple(served[code] for code in codes if code in served)
