"""What can be searched of one resource, as the values that the store writes.

Contained resources have no identity of their own, so they are indexed as a part of what refers to
them: by where chains lead.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.search.code_case import ANY_CASE, is_in_any_case
from shared.fhir.search.collector import NO_DATE, Collector
from shared.fhir.search.contained import collect_contained
from shared.fhir.search.parameters import COLUMNS, served_parameters
from shared.fhir.search.reading import Reading
from shared.fhir.search.terms import absent_term, present_term
from shared.fhir.search.trie import trie
from shared.fhir.search.values.ranges import QuantityRow

if TYPE_CHECKING:
    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

__all__ = ["IndexRow", "QuantityRow", "index"]

Term = str
_DEFAULT = Reading()
_REMEMBERED: Final = 4096


class IndexRow(NamedTuple):
    """The index values of a resource; `terms` are texts that the store hashes, some of them twice.

    A string is (parameter, folded, as sent), a date (parameter, low, high). The `texts` are the
    words that terms stand for, where a search may give a part of one: what codes are called, and
    uris, which many resources share; each is (parameter, text). `main` is the type's
    main date, (MIN_TIME, MIN_TIME) where it has none. `patients` are the logical ids of those in
    whose compartment the resource is.
    """

    terms: tuple[Term, ...] = ()
    strings: tuple[tuple[int, str, str], ...] = ()
    dates: tuple[tuple[int, int, int], ...] = ()
    main: Range = NO_DATE
    patients: tuple[str, ...] = ()
    quantities: tuple[QuantityRow, ...] = ()
    texts: tuple[tuple[int, str], ...] = ()


def index(resource: JsonObject, reading: Reading = _DEFAULT) -> IndexRow:
    """Index a valid resource."""
    resource_type = resource["resourceType"]
    found = Collector(resource, reading)
    trie(resource_type)(resource, found)
    if found.contained and "contained" in resource:
        collect_contained(resource, found)
    if is_in_any_case(resource):
        found.add(ANY_CASE)
    for each in reading.stored.of(resource_type):
        each.collect(resource, found)
    patients = {resource["id"]} if resource_type == "Patient" else found.patients
    return IndexRow(
        (*found.terms, *_marked(resource_type, frozenset(found.present))),
        tuple(found.strings),
        tuple(found.dates),
        found.main,
        tuple(sorted(patients)),
        tuple(found.quantities),
        tuple(dict.fromkeys(found.texts)),
    )


# Most resources of a type have values for the same parameters.
@lru_cache(_REMEMBERED)
def _marked(resource_type: str, found: frozenset[int]) -> tuple[str, ...]:
    """Name the terms for what a resource lacks, and for what it has."""
    absent, present = _markers(resource_type)
    return (
        *(absent[number] for number in absent.keys() - found),
        *(present[number] for number in present.keys() & found),
    )


@cache
def _markers(resource_type: str) -> tuple[dict[int, str], dict[int, str]]:
    """Name the terms of the parameters whose absence is marked, and of those whose presence is."""
    served = [
        parameter
        for code, parameter in served_parameters(resource_type).items()
        if code not in COLUMNS and not parameter.is_derived
    ]
    return (
        {each.number: absent_term(each.number) for each in served if each.is_expected},
        {each.number: present_term(each.number) for each in served if not each.is_expected},
    )
