"""Who is asking, as a value, and what it narrows.

The store opens only with an `Access`, and every relation that enters a query is narrowed by it
inside the SQL. Absent is not unrestricted: `None` must be written by `open` or `system`.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_TENANT = 1


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or system that acts, by its reference (`Practitioner/7`); None is anonymous."""

    reference: str | None = None


ANONYMOUS = Caller()


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller may see: a set of patients and a set of types; None is all of them.

    A caller limited to patients sees those patients' resources and nothing of other patients or
    of no patient. The operator may also see how the server works inside.
    """

    tenant: int
    caller: Caller
    patients: frozenset[str] | None
    types: frozenset[str] | None
    reason: str
    is_operator: bool = False

    def sees_all(self, resource_type: str) -> bool:
        """Tell whether every resource of a type may be seen."""
        return self.patients is None and (self.types is None or resource_type in self.types)

    @property
    def is_limited(self) -> bool:
        """Tell whether there may be anything that may not be seen."""
        return self.patients is not None or self.types is not None

    @classmethod
    def open(cls, caller: Caller, tenant: int = DEFAULT_TENANT) -> Access:
        """Give the access of a caller to a server that runs without authentication."""
        return cls(tenant, caller, None, None, "open", is_operator=True)

    @classmethod
    def nothing(cls, tenant: int = DEFAULT_TENANT) -> Access:
        """Give the access of whoever has not been told apart yet: to nothing."""
        return cls(tenant, ANONYMOUS, frozenset(), frozenset(), "unknown")

    @classmethod
    def system(cls, reason: str, tenant: int = DEFAULT_TENANT) -> Access:
        """Give unlimited access to a consumer, a timer, the sender or a migration, for a reason."""
        return cls(tenant, Caller(f"Device/{reason}"), None, None, reason)
