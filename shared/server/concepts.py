"""Finds the concepts that a search names by a value set, or by their place in a code system.

Parsing knows no terminology: `code:in=…` holds a name until it is replaced here by the codes that
are meant, for searches and for the criteria of conditional interactions alike.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import defined_code_system
from shared.fhir.errors import InvalidSearch, TooCostly
from shared.fhir.references import parse_reference
from shared.fhir.search.code_case import asks_for_letters, in_any_case
from shared.fhir.search.query import Chain, Criterion, Has
from shared.fhir.search.values import Concepts, Token
from shared.fhir.terminology import CannotTell, expand
from shared.server.canonicals import find_canonical
from shared.server.holdings import find_code_system, holdings_for
from shared.store.finding import fetch
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.query import Query, Restriction
    from shared.store.reading import Reading

_MOST: Final = 2_000


async def with_concepts(reading: Reading, query: Query, bases: tuple[str, ...]) -> Query:
    """Put in the codes of the concepts that a search names, in any case where that is the same.

    :raises InvalidSearch: when what it names is not held here.
    :raises CannotTell: when what is held does not tell all of them.
    :raises TooCostly: when they are too many.
    """
    if any(map(_names_concepts, query.criteria)):
        found = [await _restriction(reading, each, bases) for each in query.criteria]
        query = replace(query, criteria=tuple(found))
    if not asks_for_letters(query):
        return query
    # What R4 defines nobody redefines.
    systems = [each for each in await reading.any_case() if defined_code_system(each) is None]
    return in_any_case(query, systems) if systems else query


def _names_concepts(restriction: Restriction) -> bool:
    if isinstance(restriction, Chain):
        return any(_names_concepts(each) for _, each in restriction.targets)
    if isinstance(restriction, Has):
        return _names_concepts(restriction.criterion)
    values = restriction.values if isinstance(restriction, Criterion) else ()
    return any(isinstance(each, Concepts) for each in values)


async def _restriction(
    reading: Reading, restriction: Restriction, bases: tuple[str, ...]
) -> Restriction:
    if not _names_concepts(restriction):
        return restriction
    if isinstance(restriction, Chain):
        targets = [
            (name, await _restriction(reading, each, bases)) for name, each in restriction.targets
        ]
        return replace(restriction, targets=tuple(targets))
    if isinstance(restriction, Has):
        found = await _restriction(reading, restriction.criterion, bases)
        return replace(restriction, criterion=found)
    assert isinstance(restriction, Criterion)  # noqa: S101 - a Missing names nothing
    return await _criterion(reading, restriction, bases)


async def _criterion(reading: Reading, criterion: Criterion, bases: tuple[str, ...]) -> Criterion:
    tokens: dict[Token, None] = {}
    for value in criterion.values:
        if isinstance(value, Concepts):
            codes = await _codes(reading, value, bases)
            tokens |= dict.fromkeys(Token(*code) for code in codes)
    if len(tokens) > _MOST:
        raise TooCostly(
            f"'{criterion.parameter.code}:{criterion.modifier}' names {len(tokens):,} codes; "
            f"a search takes at most {_MOST:,}."
        )
    modifier = "not" if criterion.modifier == "not-in" else None
    return Criterion(criterion.parameter, modifier, tuple(tokens))


async def _codes(
    reading: Reading, asked: Concepts, bases: tuple[str, ...]
) -> Iterable[tuple[str, str]]:
    if asked.way in {"in", "not-in"}:
        value_set = await _value_set(reading, asked.name, bases)
        members = expand(await holdings_for(reading, [value_set]), value_set)
        return [(member.system, member.code) for member in members]
    system = await find_code_system(reading, asked.name)
    if system is None:
        raise InvalidSearch(f"The code system {asked.name} is not held here.")
    if not system.is_complete:
        raise CannotTell(f"Only a part of the code system {system.url} is held here.")
    concept = system.find(asked.code)
    if concept is None:
        raise InvalidSearch(f"The code system {system.url} has no such code.")
    related = system.descendants if asked.way == "below" else system.ancestors
    return [(system.url, code) for code in sorted({concept.code, *related(concept.code)})]


async def _value_set(reading: Reading, name: str, bases: tuple[str, ...]) -> JsonObject:
    link = parse_reference(name, bases)
    if link.kind == "local" and link.type == "ValueSet" and link.id:
        found = await fetch(reading, Key("ValueSet", link.id))
        value_set = None if found is None else found.content
    else:
        value_set = await find_canonical(reading, "ValueSet", name)
    if value_set is None:
        raise InvalidSearch(f"The value set {name} is not held here.")
    return value_set
