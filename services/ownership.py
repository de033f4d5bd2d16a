"""Which service owns which type and which operation, as data.

The services' definitions, the front door, the proxy configuration, the 404 text and the database
policies all read this table.
"""

from __future__ import annotations

from typing import Final, Literal

ServiceName = Literal["intake", "plan", "progress"]

SERVICES: Final[tuple[ServiceName, ...]] = ("intake", "plan", "progress")

# Every R4 type not named here belongs to intake_api, with the system interactions.
DEFAULT_OWNER: Final[ServiceName] = "intake"

OWNED_TYPES: Final[dict[ServiceName, frozenset[str]]] = {
    "plan": frozenset(
        {
            "ActivityDefinition",
            "Appointment",
            "AppointmentResponse",
            "CarePlan",
            "CareTeam",
            "Goal",
            "Group",
            "MedicationRequest",
            "PlanDefinition",
            "RequestGroup",
            "Schedule",
            "Slot",
        }
    ),
    "progress": frozenset(
        {
            "ClinicalImpression",
            "Communication",
            "CommunicationRequest",
            "DetectedIssue",
            "DiagnosticReport",
            "Measure",
            "MeasureReport",
            "Observation",
            "Procedure",
            "Questionnaire",
            "QuestionnaireResponse",
            "RiskAssessment",
        }
    ),
}

# Whole Bundles that cross owners enter through this service's door, and only there.
DOOR_KEEPER: Final[ServiceName] = "intake"

# A Provenance belongs to its act: every service writes its own, in the act's transaction.
WRITTEN_BY_ALL: Final = frozenset({"Provenance"})

# Operations that belong to another service than their type's owner.
OPERATION_OWNER: Final[dict[tuple[str, str], ServiceName]] = {
    ("Patient", "progress"): "progress",
    ("EpisodeOfCare", "handoff"): "progress",
    ("Organization", "figures"): "progress",
}


def owner_of(resource_type: str, operation: str | None = None) -> ServiceName:
    """Name the service that owns a type, or an operation on it."""
    if operation is not None and (resource_type, operation) in OPERATION_OWNER:
        return OPERATION_OWNER[resource_type, operation]
    for service, types in OWNED_TYPES.items():
        if resource_type in types:
            return service
    return DEFAULT_OWNER


def types_of(service: ServiceName, all_types: tuple[str, ...]) -> tuple[str, ...]:
    """List the types that a service owns, in the order of `all_types`."""
    return tuple(name for name in all_types if owner_of(name) == service)


def writable_by(service: ServiceName, all_types: tuple[str, ...]) -> tuple[str, ...]:
    """List the types that a service's database role may write."""
    own = types_of(service, all_types)
    return tuple(name for name in all_types if name in own or name in WRITTEN_BY_ALL)
