"""Reads the name of a criterion: a parameter, a chain of references to one, or `_has`.

A name is read once, to the function that makes the restriction of a value.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import InvalidSearch, NotSupported
from shared.fhir.search.criteria import read_name, read_values
from shared.fhir.search.links import NoParameter, leads_to, link, links_to
from shared.fhir.search.parameters import is_view, served_parameters
from shared.fhir.search.query import Chain, Has, Restriction
from shared.fhir.search.reading import Reading
from shared.fhir.search.stored import NOTHING, Stored

if TYPE_CHECKING:
    from shared.fhir.search.parameters import Parameter

Reader = Callable[[str, Reading], Restriction]

_MOST_STEPS: Final = 3
# An untyped chain goes on in each type that a reference may lead to, and each of those is asked.
_MOST_WAYS: Final = 100
_MOST_TRIES: Final = 1000
_FEW_TYPES: Final = 5


@dataclass(slots=True)
class _Ways:
    """How many types a name was tried in, and in how many of these it is a criterion."""

    tried: int = 0
    found: int = 0

    def check(self) -> None:
        if self.tried > _MOST_TRIES or self.found > _MOST_WAYS:
            raise _TooMany(
                f"A chain is asked of at most {_MOST_WAYS} types; name one, as in "
                "'subject:Patient.name'."
            )


@dataclass(frozen=True, slots=True)
class _Steps:
    """How far a name has led so far."""

    chained: int = 0
    reverse: int = 0
    ways: _Ways = field(default_factory=_Ways)
    stored: Stored = NOTHING

    def chain(self) -> _Steps:
        return self._within(replace(self, chained=self.chained + 1))

    def has(self) -> _Steps:
        return self._within(replace(self, reverse=self.reverse + 1))

    @staticmethod
    def _within(steps: _Steps) -> _Steps:
        if max(steps.chained, steps.reverse) > _MOST_STEPS:
            raise _TooMany(
                f"A search follows at most {_MOST_STEPS} references, and {_MOST_STEPS} of _has."
            )
        return steps


class _TooMany(InvalidSearch):
    """Wrong in whatever type it is met."""


def restriction_reader(resource_type: str, name: str, stored: Stored = NOTHING) -> Reader:
    """Read a name to what makes a restriction of a value.

    :raises InvalidSearch: a part of it is not valid; the valid ones are listed.
    :raises NotSupported: R4 has it, this server does not.
    """
    return _read(resource_type, name, _Steps(stored=stored))


def _read(resource_type: str, name: str, steps: _Steps) -> Reader:
    steps.ways.tried += 1
    steps.ways.check()
    if name.partition(":")[0] == "_has":
        return _has(resource_type, name, steps.has())
    if name == "_list" and not is_view(resource_type):
        return _list(steps.has())
    if "." in name:
        return _chain(resource_type, name, steps.chain())
    parameter, modifier = read_name(resource_type, name, steps.stored)
    steps.ways.found += 1
    return partial(read_values, parameter, modifier)


def _has(resource_type: str, name: str, steps: _Steps) -> Reader:
    _, *parts = name.split(":", 3)
    if len(parts) < 3 or not all(parts):
        raise InvalidSearch(
            "_has needs a type, a reference of it, and a parameter of it, as in "
            "'_has:Observation:patient:code'."
        )
    source, code, rest = parts
    if is_view(resource_type) and not is_view(source):
        raise NotSupported(f"No {source} refers to an {resource_type}.")
    parameter = link(source, code, steps.stored)
    if resource_type not in leads_to(parameter):
        raise InvalidSearch(
            f"'{code}' of {source} does not refer to {resource_type}; valid are "
            f"{', '.join(each.code for each in links_to(source, resource_type)) or 'none'}."
        )
    read = _read(source, rest, steps)
    return lambda text, reading: Has(source, parameter, read(text, reading))


def _list(steps: _Steps) -> Reader:
    """Read the members of a List: what it refers to as its items.

    https://hl7.org/fhir/R4/search.html#list
    """
    parameter, read = link("List", "item", steps.stored), _read("List", "_id", steps)
    return lambda text, reading: Has("List", parameter, read(_list_ids(text), reading))


def _list_ids(text: str) -> str:
    if "$" in text:
        raise NotSupported(
            "_list takes the id of a List; none is kept under a name like $current-…"
        )
    return ",".join(each.removeprefix("List/") for each in text.split(","))


def _chain(resource_type: str, name: str, steps: _Steps) -> Reader:
    head, _, rest = name.partition(".")
    code, mark, target = head.partition(":")
    parameter = link(resource_type, code, steps.stored)
    if mark and target not in leads_to(parameter):
        raise InvalidSearch(
            f"'{code}' of {resource_type} does not refer to '{target}'; valid are "
            f"{', '.join(leads_to(parameter))}."
        )
    reads = [(target, _read(target, rest, steps))] if mark else _each(parameter, rest, steps)
    return lambda text, reading: Chain(
        parameter, tuple((each, read(text, reading)) for each, read in reads)
    )


def _each(parameter: Parameter, rest: str, steps: _Steps) -> list[tuple[str, Reader]]:
    """Read the rest for every type that the reference may lead to, and that has it."""
    reads, wrong = [], []
    for each in leads_to(parameter):
        if is_view(each):
            continue
        try:
            reads.append((each, _read(each, rest, steps)))
        except _TooMany:
            raise
        except (InvalidSearch, NotSupported) as error:
            wrong.append(error)
    if reads:
        return reads
    told = next((each for each in wrong if not isinstance(each, NoParameter)), None)
    if told is not None or len(wrong) == 1:
        raise told or wrong[0]
    raise _nowhere(parameter, rest)


def _nowhere(parameter: Parameter, rest: str) -> InvalidSearch:
    types = leads_to(parameter)
    text = f"No type that '{parameter.code}' refers to has '{re.split('[.:]', rest)[0]}'"
    if len(types) > _FEW_TYPES:
        return NoParameter(f"{text}; name the type, as in '{parameter.code}:{types[0]}'.")
    each = (f"for {name}: {', '.join(served_parameters(name))}" for name in types)
    return NoParameter(f"{text}; valid are, {'; '.join(each)}.")
