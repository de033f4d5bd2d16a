"""Codes in any case: of code systems that say that it does not matter; pure.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.search.query import Chain, Criterion, Has
from shared.fhir.search.terms import present_term
from shared.fhir.search.values import Together, Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.query import Query, Restriction
    from shared.fhir.search.values import Value

# No parameter has this number: those of R4 are lower, what is contained begins beyond it.
ANY_CASE: Final = present_term(999)
_CONCEPTS: Final = frozenset({"Coding", "CodeableConcept"})


def is_in_any_case(resource: JsonObject) -> bool:
    """Tell whether a resource is a code system that says so."""
    return resource["resourceType"] == "CodeSystem" and resource.get("caseSensitive") is False


def asks_for_letters(query: Query) -> bool:
    """Tell whether a search asks for a code that may be written in another case."""
    tokens = (token for each in query.criteria for token in _tokens(each))
    return any(token.code and token.code.lower() != token.code.upper() for token in tokens)


def in_any_case(query: Query, systems: Sequence[str]) -> Query:
    """Let the codes of some systems be found in whatever case they were written."""
    return replace(query, criteria=tuple(_widened(each, systems) for each in query.criteria))


def _tokens(restriction: Restriction) -> Iterator[Token]:
    if isinstance(restriction, Chain):
        for _, each in restriction.targets:
            yield from _tokens(each)
    elif isinstance(restriction, Has):
        yield from _tokens(restriction.criterion)
    elif isinstance(restriction, Criterion):
        for value in restriction.values:
            yield from _of_concepts(restriction.parameter, value)


def _of_concepts(parameter: Parameter, value: Value) -> Iterator[Token]:
    """Give the tokens of concepts: no code system is that of an identifier."""
    if isinstance(value, Together):
        for part, each in zip(parameter.parts, value.values, strict=True):
            yield from _of_concepts(part.parameter, each)
    elif isinstance(value, Token) and parameter.value_types & _CONCEPTS:
        yield value


def _widened(restriction: Restriction, systems: Sequence[str]) -> Restriction:
    if isinstance(restriction, Chain):
        targets = ((name, _widened(each, systems)) for name, each in restriction.targets)
        return replace(restriction, targets=tuple(targets))
    if isinstance(restriction, Has):
        return replace(restriction, criterion=_widened(restriction.criterion, systems))
    if isinstance(restriction, Criterion):
        parameter = restriction.parameter
        values = (_value(parameter, each, systems) for each in restriction.values)
        return replace(restriction, values=tuple(values))
    return restriction


def _value(parameter: Parameter, value: Value, systems: Sequence[str]) -> Value:
    if isinstance(value, Together):
        pairs = zip(parameter.parts, value.values, strict=True)
        return Together(tuple(_value(part.parameter, each, systems) for part, each in pairs))
    if not isinstance(value, Token) or not parameter.value_types & _CONCEPTS:
        return value
    return replace(value, any_case=tuple(each for each in systems if value.system in {None, each}))
