"""What of a relation its reader may see: whoever writes a query asks here, for each use of one.

A use is narrowed for itself: that a resource was shown says nothing of what it refers to. The names
are those by which a test leaves out one at a time, and sees that something is told then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shared.fhir.definitions import TYPE_CODE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.access.access import Access

Use = Literal[
    "read",
    "read-many",
    "vread",
    "versions",
    "history-of-one",
    "history-of-types",
    "types",
    "page",
    "total",
    "matching",
    "chain",
    "has",
    "include",
    "revinclude",
    "mentions",
    "labels",
    "audit",
    "target",
    "referrers",
]
# The internal keys of patients, by a list of their ids; the tenant is the first value of all.
_PATIENTS: Final = (
    "SELECT p.pk FROM record.resource p WHERE p.tenant = $1::int "
    f"AND p.type = {TYPE_CODE['Patient']} AND p.id = ANY({{}})"
)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The types and the patients, by their ids, to which a relation is narrowed; None is all."""

    types: frozenset[str] | None
    patients: tuple[str, ...] | None

    def shows(self, resource_type: str) -> bool:
        """Tell whether anything of a type may be seen."""
        return self.types is None or resource_type in self.types

    def shown(self, types: Iterable[str]) -> list[str]:
        """Keep the types of which something may be seen."""
        return [name for name in types if self.shows(name)]


def narrowed(_use: Use, access: Access) -> Narrowing:
    """Tell to what an access narrows a relation in one of its uses."""
    patients = None if access.patients is None else tuple(sorted(access.patients))
    return Narrowing(access.types, patients)


def patient_keys(ids: str) -> str:
    """Select the internal keys of patients, from the SQL of their ids."""
    return _PATIENTS.format(ids)
