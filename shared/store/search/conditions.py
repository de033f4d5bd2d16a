"""The criteria of a search, and what its caller may see, as conditions on a search row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.search.contained import inside
from shared.fhir.search.parameters import COLUMNS
from shared.fhir.search.query import Chain, Criterion, InCompartment, Missing
from shared.fhir.search.values import Token
from shared.store.narrowing import narrowed, patient_keys
from shared.store.search.arguments import TENANT
from shared.store.search.chains import Within, chain
from shared.store.search.compartments import in_compartment
from shared.store.search.composites import composites, missing_parts
from shared.store.search.condition import Condition, Elsewhere
from shared.store.search.dates import dates
from shared.store.search.derived import derived
from shared.store.search.driving import OF_TENANT, ROWS
from shared.store.search.has import has
from shared.store.search.quantities import quantities
from shared.store.search.strings import strings
from shared.store.search.terms import needs_one_term, with_all_terms, with_any_term
from shared.store.search.vocabulary import is_of_vocabulary, vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from shared.access.access import Access
    from shared.fhir.search.query import Restriction
    from shared.store.narrowing import Narrowing, Use
    from shared.store.search.arguments import Arguments

# The other types are found by the terms of the rows themselves.
_IN_TABLES: Final[Mapping[str, Callable[[Criterion], Condition]]] = {
    "date": dates,
    "string": strings,
    "number": quantities,
    "quantity": quantities,
    "composite": composites,
}
# Of a caller's patients, an index finds this many at once.
_FEW_PATIENTS: Final = 50


def conditions(
    resource_type: str, restrictions: Sequence[Restriction], access: Access, use: Use = "page"
) -> list[Condition]:
    """Compile all that must hold of a resource of a type: that it may be seen, and what is asked.

    Whatever relation enters a search is narrowed here, each for its use, by the same access.
    """
    simple = [each for each in restrictions if needs_one_term(each)]
    others = [
        _condition(resource_type, each, access) for each in restrictions if not needs_one_term(each)
    ]
    asked = [*with_all_terms(simple), *others]
    narrowing = narrowed(use, access)
    if narrowing.patients is not None and len(narrowing.patients) > _FEW_PATIENTS:
        # Whether terms or patients lead to fewer rows, nobody can tell before looking.
        asked = [_tried_first(each) if each.index == "terms" else each for each in asked]
    return [*_visible(resource_type, narrowing), *asked]


def _tried_first(condition: Condition) -> Condition:
    if condition.is_selective or condition.elsewhere is not None:
        return condition

    def find(args: Arguments) -> str:
        of_type = f"{OF_TENANT} AND r.type + 0 = {args.type}"
        return f"SELECT r.pk AS key FROM {ROWS} WHERE {of_type} AND {condition.drive(args)}"

    def probe(args: Arguments) -> str:
        # With IS TRUE no index answers it, where the patients have led to the row.
        return f"({condition.probe(args)}) IS TRUE"

    elsewhere = Elsewhere(find, "r.pk = ANY({})".format)
    return replace(condition, probe=probe, index="keys", elsewhere=elsewhere)


def _visible(resource_type: str, narrowing: Narrowing) -> Iterator[Condition]:
    if not narrowing.shows(resource_type):
        yield Condition.same(lambda _: "false")
    if narrowing.patients is not None:
        patients = list(narrowing.patients)

        def keys(args: Arguments) -> str:
            return patient_keys(args.bind(patients, "text[]"))

        yield Condition(
            # With IS TRUE it is a hash table that each row asks, and nothing to join.
            lambda args: f"(r.patient IN ({keys(args)})) IS TRUE",
            lambda args: f"r.patient = ANY(ARRAY({keys(args)}))",
            "range",
            is_selective=len(patients) <= _FEW_PATIENTS,
        )


def _condition(resource_type: str, criterion: Restriction, access: Access) -> Condition:
    if isinstance(criterion, Criterion | Missing):
        return _of_parameter(criterion)
    if isinstance(criterion, Chain):
        found = {
            name: conditions(name, [each], access, "chain") for name, each in criterion.targets
        }
        within = [
            Within(marker, [_condition(resource_type, each, access) for each in asked])
            for marker, asked in inside(resource_type, criterion)
        ]
        return chain(criterion.parameter, found, within)
    if isinstance(criterion, InCompartment):
        return in_compartment(criterion)
    referring = conditions(criterion.type, [criterion.criterion], access, "has")
    return has(criterion.type, criterion.parameter, referring)


def _of_parameter(criterion: Criterion | Missing) -> Condition:
    parameter = criterion.parameter
    if parameter.is_derived:
        return derived(criterion, _of_parameter)
    if isinstance(criterion, Missing):
        # The record itself gives these to every resource.
        never_missing = Condition.same(lambda _: "false" if criterion.is_missing else "true")
        return never_missing if parameter.code in COLUMNS else missing_parts(criterion)
    if parameter.code == "_id":
        return _ids(criterion)
    if is_of_vocabulary(criterion):
        return vocabulary(criterion)
    if parameter.type in _IN_TABLES:
        return _IN_TABLES[parameter.type](criterion)
    return with_any_term(criterion)


def _ids(criterion: Criterion) -> Condition:
    ids = [value.code for value in criterion.values if isinstance(value, Token)]
    if criterion.modifier == "not":
        return Condition.same(lambda args: f"r.id <> ALL({args.bind(ids, 'text[]')})")
    return Condition(
        lambda args: f"r.id = ANY({args.bind(ids, 'text[]')})",
        lambda args: (
            f"r.pk = ANY(ARRAY(SELECT i.pk FROM record.resource i WHERE i.tenant = {TENANT} "
            f"AND i.type = {args.type} AND i.id = ANY({args.bind(ids, 'text[]')})))"
        ),
        "keys",
        is_selective=True,
    )
