"""What a tenant demands of those who write, and what it allows, beside FHIR's own rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Without a word of the operator, references lead somewhere and nothing is deleted in bulk.

    Whoever changes a resource of one of `if_match_types` must name the version that they saw.
    """

    external_references: bool = False
    multiple_delete: bool = False
    if_match_types: frozenset[str] = frozenset()
