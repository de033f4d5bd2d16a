"""The definitions of FHIR R4 (4.0.1) as data: structures, codes, search parameters, compartments.

https://hl7.org/fhir/R4/downloads.html
"""

from shared.fhir.definitions.invariants import Invariant, invariants
from shared.fhir.definitions.search_parameters import (
    ComponentDefinition,
    SearchParameterDefinition,
    SearchType,
    compartment_parameters,
    search_parameters,
)
from shared.fhir.definitions.structures import (
    RESOURCE_TYPES,
    TYPE_CODE,
    TYPE_NAME,
    Element,
    Key,
    Kind,
    TypeDefinition,
    type_definition,
    type_names,
)
from shared.fhir.definitions.terminology import defined_code_system, defined_value_set
from shared.fhir.definitions.value_sets import required_codes, system_of

__all__ = [
    "RESOURCE_TYPES",
    "TYPE_CODE",
    "TYPE_NAME",
    "ComponentDefinition",
    "Element",
    "Invariant",
    "Key",
    "Kind",
    "SearchParameterDefinition",
    "SearchType",
    "TypeDefinition",
    "compartment_parameters",
    "defined_code_system",
    "defined_value_set",
    "invariants",
    "required_codes",
    "search_parameters",
    "system_of",
    "type_definition",
    "type_names",
]
