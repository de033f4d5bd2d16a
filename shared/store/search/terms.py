"""Criteria that are answered by the terms of a search row: token, reference, uri, missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.search.query import Criterion
from shared.fhir.search.terms import absent_term, present_term
from shared.fhir.search.values import Amount, Moment, Target, Text, UriPart
from shared.store.search.condition import Condition
from shared.store.search.links import has_few_referrers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.fhir.search.query import Missing, Restriction


def needs_one_term(criterion: Restriction) -> bool:
    """Tell whether all that is asked is that a row has a certain term."""
    return (
        isinstance(criterion, Criterion)
        and criterion.modifier != "not"
        and not criterion.parameter.is_derived
        and len(_terms(criterion)) == 1
    )


def with_all_terms(criteria: Sequence[Restriction]) -> Iterator[Condition]:
    """Join criteria of one term each: the index intersects its own lists."""
    asked = [each for each in criteria if isinstance(each, Criterion)]
    needed = dict.fromkeys(term for each in asked for term in _terms(each))
    if needed:
        yield Condition.same(
            lambda args: f"r.terms @> {args.bind_terms(needed)}",
            "terms",
            is_selective=any(map(_is_selective, asked)),
        )


def with_any_term(criterion: Criterion) -> Condition:
    """Compile a criterion of several terms, or one that a resource must have none of."""
    terms = _terms(criterion)
    if criterion.modifier == "not":
        return Condition.same(lambda args: f"NOT (r.terms && {args.bind_terms(terms)})")
    return Condition.same(
        lambda args: f"r.terms && {args.bind_terms(terms)}",
        "terms",
        is_selective=_is_selective(criterion),
    )


def missing(criterion: Missing) -> Condition:
    """Compile the absence, or the presence, of any value."""
    parameter, is_missing = criterion.parameter, criterion.is_missing
    marker = (absent_term if parameter.is_expected else present_term)(parameter.number)
    if is_missing == parameter.is_expected:
        return Condition.same(lambda args: f"r.terms @> {args.bind_terms([marker])}", "terms")
    return Condition.same(lambda args: f"NOT (r.terms @> {args.bind_terms([marker])})")


def _terms(criterion: Criterion) -> list[str]:
    found: dict[str, None] = {}
    for value in criterion.values:
        if criterion.parameter.code == "_id" or isinstance(value, Text | Moment | UriPart | Amount):
            return []
        found |= dict.fromkeys(value.terms(criterion.parameter))
    return list(found)


def _is_selective(criterion: Criterion) -> bool:
    """Tell whether few can match: what one patient has, not what refers to an organization."""
    if criterion.parameter.type != "reference":
        return "Identifier" in criterion.parameter.value_types
    return all(
        has_few_referrers(name)
        for value in criterion.values
        if isinstance(value, Target)
        for name in value.types
    )
