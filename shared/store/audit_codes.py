"""What the columns of an audit row mean in the codes of an AuditEvent; pure.

https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from shared.care.canonical import CANONICAL
from shared.fhir.definitions import TYPE_CODE

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTION_SYSTEM: Final = "http://hl7.org/fhir/audit-event-action"
OUTCOME_SYSTEM: Final = "http://hl7.org/fhir/audit-event-outcome"
EVENT_TYPE_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
ENTITY_TYPE_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
REQUEST_TYPE_SYSTEM: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
ROLE_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/object-role"
INTERACTION_SYSTEM: Final = "http://hl7.org/fhir/restful-interaction"
LIFECYCLE_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
DICOM_SYSTEM: Final = "http://dicom.nema.org/resources/ontology/DCM"
EXPORT: Final = "110106"
# The system of identifiers that name a service.
SERVICE_SYSTEM: Final = f"{CANONICAL}/service"

# A Bundle that was refused before it was known to be a batch or a transaction has no code of its
# own among the interactions.
UNNAMED: Final = "bundle"
# What goes to somebody outside without being asked for: the row's caller is who gets it.
DISCLOSE: Final = "disclose"
# A partner fetches what was left for it: these reads, of these types, by an Organization.
FETCHES: Final = ("read", "vread")
FETCHED: Final = frozenset(TYPE_CODE[name] for name in ("Bundle", "DocumentReference"))
FETCHED_BY: Final = "Organization/"
FETCHED_WITH: Final = 200
SEARCHES: Final = frozenset({"search-type", "search-system"})
ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "create": "C",
        "read": "R",
        "vread": "R",
        "history-instance": "R",
        "history-type": "R",
        "history-system": "R",
        "update": "U",
        "patch": "U",
        "delete": "D",
        "search-type": "E",
        "search-system": "E",
        "batch": "E",
        "transaction": "E",
        "operation": "E",
        DISCLOSE: "R",
        UNNAMED: "E",
    }
)
# Of each outcome, the lowest status and the one beyond the highest. Of the major failure that has
# no status nothing can be told.
OUTCOMES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"0": (100, 400), "4": (400, 500), "8": (500, 600), "12": (600, 600)}
)


def outcome_of(status: int) -> str:
    """Tell a success from a refusal, and from a fault of ours."""
    return next(code for code, (low, high) in OUTCOMES.items() if low <= status < high)
