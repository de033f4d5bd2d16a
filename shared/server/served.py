"""What this server does with each resource type: the statement and the routing both read it.

Pure, and the only place that says so: what stands here is served, what does not is a 405.
https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.access.policy import Policy
    from shared.fhir.reader import JsonObject

# The codes of https://hl7.org/fhir/R4/valueset-type-restful-interaction.html
TypeInteraction = Literal[
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
]

_ALL: Final[tuple[TypeInteraction, ...]] = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)
# An AuditEvent is a view of a row of the audit, which no client writes and nothing changes. A
# Binary is content that is replaced as a whole.
_EXCEPTIONS: Final[Mapping[str, tuple[TypeInteraction, ...]]] = MappingProxyType(
    {
        "AuditEvent": ("read", "search-type"),
        "Binary": tuple(each for each in _ALL if each != "patch"),
    }
)

# Of the whole system, at the service that keeps the door.
SYSTEM_INTERACTIONS: Final = ("transaction", "batch", "history-system", "search-system")


def interactions_of(resource_type: str) -> tuple[TypeInteraction, ...]:
    """List the interactions served for a type."""
    return _EXCEPTIONS.get(resource_type, _ALL)


def behaviour_of(resource_type: str, policy: Policy) -> JsonObject:
    """Tell how a type's interactions behave, as the elements of CapabilityStatement.rest.resource.

    https://hl7.org/fhir/R4/capabilitystatement-definitions.html#CapabilityStatement.rest.resource
    """
    interactions = interactions_of(resource_type)
    writes = "update" in interactions
    # A reference to a resource of this server must lead to one, and is kept so.
    kept = ("logical",) if policy.external_references else ("logical", "enforced")
    several = "multiple" if policy.multiple_delete else "single"
    return {
        "versioning": "versioned-update" if writes else "versioned",
        "readHistory": "vread" in interactions,
        "updateCreate": writes,
        "conditionalCreate": "create" in interactions,
        "conditionalRead": "full-support" if "read" in interactions else "not-supported",
        "conditionalUpdate": writes,
        "conditionalDelete": several if "delete" in interactions else "not-supported",
        "referencePolicy": ["literal", *(kept if writes else ())],
    }
