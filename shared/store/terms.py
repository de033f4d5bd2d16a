"""The terms of a search row that the store itself gives it, beside those of the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.search.terms import hash_term

if TYPE_CHECKING:
    from shared.store.version import Key


def reference_term(tenant: int, target: Key) -> int:
    """Hash the term that every row with a reference to `target` carries, whatever its type."""
    return hash_term(tenant, 0, f"-> {target}")
