"""Callers who may see a part of the record, and what of the test's record that part is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.access.access import Access, Caller

PATIENTS: Final = ("p0", "p1", "p2", "p3")
THEIRS: Final = frozenset({"p0", "p1"})
TYPES: Final = frozenset(
    {
        "AuditEvent", "Encounter", "Group", "Observation", "Patient", "PlanDefinition",
        "Practitioner", "Provenance",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of caller: limited to patients, to types, or to both."""

    patients: frozenset[str] | None
    types: frozenset[str] | None

    @property
    def access(self) -> Access:
        """What the store is told."""
        return Access(1, Caller("Practitioner/d0"), self.patients, self.types, "test")

    def sees(self, resource_type: str, patient: str | None) -> bool:
        """Tell whether a resource of a patient, or of none, may be seen."""
        of_type = self.types is None or resource_type in self.types
        return of_type and (self.patients is None or patient in self.patients)


EVERYBODY: Final = Kind(None, None)
KINDS: Final = {
    "patients": Kind(THEIRS, None),
    "types": Kind(None, TYPES),
    "both": Kind(THEIRS, TYPES - {"Encounter"}),
    "nothing": Kind(frozenset(), frozenset({"Patient"})),
}
