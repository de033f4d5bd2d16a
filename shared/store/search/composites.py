"""Composite criteria: what one element has, by a term of pairs or by rows of the element.

https://hl7.org/fhir/R4/search.html#composite
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.search.query import Criterion, Missing
from shared.fhir.search.values import Amount, Together
from shared.fhir.search.values.composite import has_terms, place_key, terms_of
from shared.store.search.combined import all_of, any_of
from shared.store.search.quantities import Sought, rows, rows_of_one_element
from shared.store.search.terms import missing, with_any_term

if TYPE_CHECKING:
    from shared.fhir.search.parameters import Parameter, Part
    from shared.fhir.search.values import Value
    from shared.store.search.condition import Condition


def composites(criterion: Criterion) -> Condition:
    """Compile a composite criterion."""
    parameter = criterion.parameter
    if all(has_terms(part) for part in parameter.parts):
        return with_any_term(criterion)
    together = (value for value in criterion.values if isinstance(value, Together))
    return any_of([_together(parameter, each) for each in together])


def missing_parts(criterion: Missing) -> Condition:
    """Compile the absence, or the presence, of any value; that of each part beside the element."""
    beside = [part.parameter for part in criterion.parameter.parts if part.is_beside]
    others = [Missing(each, criterion.is_missing) for each in beside]
    found = [missing(each) for each in (criterion, *others)]
    return any_of(found) if criterion.is_missing else all_of(found)


def _together(parameter: Parameter, value: Together) -> Condition:
    pairs = list(zip(parameter.parts, value.values, strict=True))
    beside = [
        with_any_term(Criterion(part.parameter, None, (each,)))
        for part, each in pairs
        if part.is_beside
    ]
    inside = [(part, each) for part, each in pairs if not part.is_beside]
    return all_of([*beside, _of_element(parameter.number, inside)])


def _of_element(number: int, pairs: list[tuple[Part, Value]]) -> Condition:
    amounts = [value for _, value in pairs if isinstance(value, Amount)]
    keys = [terms_of(part, value) for part, value in pairs if has_terms(part)]
    if keys:
        return rows([Sought(number, amount, keys[0]) for amount in amounts])
    return rows_of_one_element(
        [Sought(number, each, (place_key(place),)) for place, each in enumerate(amounts)]
    )
