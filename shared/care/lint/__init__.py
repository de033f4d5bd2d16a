"""Content defects that validation does not see: rules, each pure, over resources as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.lint import codes, expressions, instruments, referrals, totals
from shared.care.lint.rule import Defect, Given, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

__all__ = ["RULES", "Defect", "Given", "Rule", "defects"]

RULES: Final = (
    *totals.RULES,
    *instruments.RULES,
    *expressions.RULES,
    *referrals.RULES,
    *codes.RULES,
)


def defects(resource: JsonObject, given: Given) -> Iterator[tuple[Rule, Defect]]:
    """Find what is wrong with a resource, as far as the others that were given tell."""
    for rule in RULES:
        if not rule.types or resource["resourceType"] in rule.types:
            for defect in rule.find(resource, given):
                yield rule, defect
