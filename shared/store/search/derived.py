"""Criteria that other parameters answer: any of a parameter's members, or all of its parts."""

from __future__ import annotations

from collections.abc import Callable

from shared.fhir.search.query import Criterion, Missing
from shared.fhir.search.values import Together
from shared.store.search.combined import all_of, any_of
from shared.store.search.condition import Condition

Compile = Callable[[Criterion | Missing], Condition]


def derived(criterion: Criterion | Missing, compiled: Compile) -> Condition:
    """Compile a criterion of a parameter that has no values of its own."""
    parameter = criterion.parameter
    if isinstance(criterion, Missing):
        others = parameter.members or [part.parameter for part in parameter.parts]
        found = [compiled(Missing(each, criterion.is_missing)) for each in others]
        # It is missing where every member is, or some part.
        return all_of(found) if criterion.is_missing == bool(parameter.members) else any_of(found)
    if parameter.members:
        modifier, values = criterion.modifier, criterion.values
        found = [compiled(Criterion(each, modifier, values)) for each in parameter.members]
        return all_of(found) if modifier == "not" else any_of(found)
    together = [each for each in criterion.values if isinstance(each, Together)]
    return any_of([all_of(_parts(criterion, each, compiled)) for each in together])


def _parts(criterion: Criterion, value: Together, compiled: Compile) -> list[Condition]:
    pairs = zip(criterion.parameter.parts, value.values, strict=True)
    return [compiled(Criterion(part.parameter, None, (each,))) for part, each in pairs]
