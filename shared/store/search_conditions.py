"""The criteria of a search as conditions on the relation `r`, a search row.

Each has two forms. `probe` looks at one row that is already in hand; `drive` lets an index find
the rows. `OFFSET 0` keeps PostgreSQL from turning the one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.query import Criterion, Missing
from shared.fhir.search.terms import absent_term, present_term
from shared.fhir.search.values import Moment, Text, Token
from shared.store.search_arguments import TENANT, TYPE
from shared.store.search_dates import any_date, dates_by_span, last_updated, main_date
from shared.store.search_values import trigrams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.access.access import Access
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.query import Query
    from shared.store.search_arguments import Arguments


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in its two forms.

    `index` names what finds the rows in the second: the terms, or another relation; None where it
    cannot. `is_selective` says that there are few of them.
    """

    probe: str
    drive: str
    index: str | None = None
    is_selective: bool = False


def conditions(query: Query, access: Access, args: Arguments) -> list[Condition]:
    """Compile the criteria of a search, and what the caller may see."""
    return [
        *_access(query, access, args),
        *_required_terms(query, args),
        *(
            _condition(each, args)
            for each in query.criteria
            if not (isinstance(each, Criterion) and _single_term(each))
        ),
    ]


def _access(query: Query, access: Access, args: Arguments) -> Iterator[Condition]:
    if access.types is not None and query.type not in access.types:
        yield Condition("false", "false")
    if access.patients is not None:
        ids = args.bind(sorted(access.patients), "text[]")
        sql = (
            f"r.patient = ANY(ARRAY(SELECT p.pk FROM record.resource p WHERE p.tenant = {TENANT} "
            f"AND p.type = {TYPE_CODE['Patient']} AND p.id = ANY({ids})))"
        )
        yield Condition(sql, sql, "patient", is_selective=len(access.patients) <= 50)


def _single_term(criterion: Criterion) -> str | None:
    terms = _terms(criterion)
    return terms[0] if len(terms) == 1 and criterion.modifier != "not" else None


def _required_terms(query: Query, args: Arguments) -> Iterator[Condition]:
    # One condition for all of them: the index intersects its own lists.
    asked = [each for each in query.criteria if isinstance(each, Criterion)]
    found = {term: each for each in asked if (term := _single_term(each))}
    if found:
        sql = f"r.terms @> {args.bind_terms(found)}"
        selective = any(_is_selective(each.parameter) for each in found.values())
        yield Condition(sql, sql, "terms", is_selective=selective)


def _terms(criterion: Criterion) -> list[str]:
    parameter = criterion.parameter
    found: dict[str, None] = {}
    for value in criterion.values:
        if parameter.code == "_id" or isinstance(value, Text | Moment):
            return []
        found |= dict.fromkeys(value.terms(parameter))
    return list(found)


def _is_selective(parameter: Parameter) -> bool:
    return parameter.type == "reference" or "Identifier" in parameter.value_types


def _condition(criterion: Criterion | Missing, args: Arguments) -> Condition:
    if isinstance(criterion, Missing):
        return _missing(criterion, args)
    parameter = criterion.parameter
    if parameter.code == "_id":
        return _ids(criterion, args)
    if parameter.type == "date":
        return _dates(criterion, args)
    if parameter.type == "string":
        return _strings(criterion, args)
    overlap = f"r.terms && {args.bind_terms(_terms(criterion))}"
    if criterion.modifier == "not":
        return Condition(f"NOT ({overlap})", f"NOT ({overlap})")
    return Condition(overlap, overlap, "terms", is_selective=_is_selective(parameter))


def _missing(criterion: Missing, args: Arguments) -> Condition:
    parameter, is_missing = criterion.parameter, criterion.is_missing
    if parameter.code in {"_id", "_lastUpdated"}:
        sql = "false" if is_missing else "true"
        return Condition(sql, sql)
    marker = absent_term if parameter.is_expected else present_term
    has_marker = f"r.terms @> {args.bind_terms([marker(parameter.number)])}"
    if is_missing == parameter.is_expected:
        return Condition(has_marker, has_marker, "terms")
    return Condition(f"NOT ({has_marker})", f"NOT ({has_marker})")


def _ids(criterion: Criterion, args: Arguments) -> Condition:
    ids = args.bind([v.code for v in criterion.values if isinstance(v, Token)], "text[]")
    if criterion.modifier == "not":
        return Condition(f"r.id <> ALL({ids})", f"r.id <> ALL({ids})")
    drive = (
        f"r.pk IN (SELECT i.pk FROM record.resource i WHERE i.tenant = {TENANT} "
        f"AND i.type = {TYPE} AND i.id = ANY({ids}))"
    )
    return Condition(f"r.id = ANY({ids})", drive, "relation", is_selective=True)


def _dates(criterion: Criterion, args: Arguments) -> Condition:
    parameter = criterion.parameter
    moments = [value for value in criterion.values if isinstance(value, Moment)]
    if parameter.code == "_lastUpdated" or parameter.is_main_date:
        compare = main_date if parameter.is_main_date else last_updated
        sql = _any(compare(each, args) for each in moments)
        return Condition(sql, sql, "column")
    probe = _probe("search_date", parameter, _any(any_date(each, args) for each in moments), args)
    ways = " UNION ALL ".join(dates_by_span(parameter, each, args) for each in moments)
    return Condition(probe, f"r.pk IN ({ways})", "relation")


def _strings(criterion: Criterion, args: Arguments) -> Condition:
    parameter = criterion.parameter
    texts = [value for value in criterion.values if isinstance(value, Text)]
    matches = _any(_text(each, criterion.modifier, args) for each in texts)
    numbers = [parameter.number] + [-parameter.number] * (criterion.modifier == "contains")
    params = args.bind(numbers, "smallint[]")
    found = f"s.tenant = {TENANT} AND s.param = ANY({params}) AND {matches}"
    return Condition(
        f"EXISTS (SELECT FROM record.search_string s WHERE {found} AND s.pk = r.pk OFFSET 0)",
        f"r.pk IN (SELECT s.pk FROM record.search_string s WHERE {found} AND s.type = {TYPE})",
        "relation",
        is_selective=True,
    )


def _text(text: Text, modifier: str | None, args: Arguments) -> str:
    norm = args.bind(text.folded, "text")
    if modifier == "exact":
        return f"(s.norm = {norm} AND s.exact = {args.bind(text.exact, 'text')})"
    if modifier == "contains":
        # Folding leaves no sign that LIKE would read.
        like = f"s.norm LIKE '%' || {norm} || '%'"
        parts = trigrams(text.folded)
        return f"(s.tri @> {args.bind(parts, 'int[]')} AND {like})" if parts else f"({like})"
    beyond = args.bind(text.folded + chr(0x10FFFF), "text")
    return f"(s.norm >= {norm} AND s.norm < {beyond})"


def _probe(table: str, parameter: Parameter, matches: str, args: Arguments) -> str:
    number = args.bind(parameter.number, "smallint")
    return (
        f"EXISTS (SELECT FROM record.{table} s WHERE s.tenant = {TENANT} AND s.pk = r.pk "
        f"AND s.param = {number} AND {matches} OFFSET 0)"
    )


def _any(alternatives: Iterator[str]) -> str:
    return f"({' OR '.join(alternatives)})"
