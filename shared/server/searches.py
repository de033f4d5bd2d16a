"""Which search a request asks for: of one type, of several, or in a compartment.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import RESOURCE_TYPES, TYPE_CODE
from shared.fhir.errors import InvalidSearch, Issue, NotSupported
from shared.fhir.search.parameters import is_view, served_parameters
from shared.fhir.search.parse import read_query
from shared.fhir.search.query import RESULT, InCompartment
from shared.fhir.search.reading import Reading as Texts
from shared.server.compartments import members, parameters_of
from shared.server.concepts import with_concepts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.search.query import Query
    from shared.fhir.search.stored import Stored
    from shared.server.request import Context, FhirRequest, Pairs
    from shared.store.reading import Reading

_SORTED_BY: Final = frozenset({"_id", "_lastUpdated"})
_INCLUDING: Final = frozenset({"_include", "_revinclude"})
# So many types at most are asked which parameters they share.
_FEW: Final = 20
_CODE: Final = re.compile(r"[^:.]*")


async def query_of(reading: Reading, request: FhirRequest, context: Context) -> Query:
    """Read the search that a request asks for, with all that only the record tells.

    :raises InvalidSearch: a parameter, modifier or value is not valid.
    :raises NotSupported: R4 has it, this server does not.
    """
    lenient = "handling=lenient" in request.headers.get("prefer", "").replace(" ", "")
    texts = Texts(context.zone, context.bases, context.now, reading.stored)
    if request.type is not None:
        query = _of_type(request.type, request, request.query, texts, lenient=lenient)
    else:
        query = await _of_several(reading, request, texts, lenient=lenient)
    parts = [await with_concepts(reading, each, context.bases) for each in query.of_each_type]
    return replace(query, parts=tuple(parts)) if query.parts else parts[0]


def _of_type(
    resource_type: str, request: FhirRequest, pairs: Pairs, texts: Texts, *, lenient: bool
) -> Query:
    query = read_query(resource_type, pairs, texts, lenient=lenient)
    if request.compartment is None:
        return query
    if is_view(resource_type):
        raise NotSupported(f"{resource_type} is not searched in compartments, but by 'patient'.")
    found = InCompartment(
        *request.compartment,
        parameters_of(request.compartment[0], resource_type),
        holds_itself=request.compartment[0] == resource_type,
    )
    criteria = (*query.criteria, found)
    return replace(query, criteria=criteria, compartment=request.compartment)


async def _of_several(
    reading: Reading, request: FhirRequest, texts: Texts, *, lenient: bool
) -> Query:
    types = _types(request)
    common = _shared(types, texts.stored)
    pairs, issues = _common(common, request.query, lenient=lenient)
    # Only the types that are there cost anything; one shows whether the values can be read.
    present = await reading.present_types()
    searched = [each for each in types if each in present] or types[:1]
    parts = [_of_type(each, request, pairs, texts, lenient=False) for each in searched]
    first = parts[0]
    named = [pair for pair in request.query if pair[0] == "_type"]
    return replace(
        first, type="", criteria=(), used=(*named, *first.used), issues=issues, parts=tuple(parts)
    )


def _types(request: FhirRequest) -> list[str]:
    """List the types that are asked for, or all that may be."""
    every = [each for each in RESOURCE_TYPES if not is_view(each)]
    if request.compartment is not None:
        every = [each for each in members(request.compartment[0]) if not is_view(each)]
    texts = [text for name, text in request.query if name == "_type"]
    if not texts:
        return every
    asked = {each for text in texts for each in text.split(",")}
    unknown = sorted(asked - TYPE_CODE.keys())
    if unknown:
        raise InvalidSearch(f"_type names no resource type: {', '.join(unknown)}.")
    outside = sorted(asked.difference(every))
    if outside:
        raise InvalidSearch(f"{', '.join(outside)} cannot be searched together with others here.")
    return sorted(asked)


def _common(
    common: frozenset[str], pairs: Iterable[tuple[str, str]], *, lenient: bool
) -> tuple[Pairs, tuple[Issue, ...]]:
    """Keep the parameters that all of the types have.

    :raises InvalidSearch: when one has not, and the search is not lenient.
    """
    used: list[tuple[str, str]] = []
    issues: list[Issue] = []
    for name, text in pairs:
        reason = "" if name == "_type" else _reason(name, text, common)
        if reason and not lenient:
            raise InvalidSearch(reason)
        if reason:
            issues.append(Issue("warning", "not-supported", f"Skipped. {reason}"))
        elif name != "_type":
            used.append((name, text))
    return tuple(used), tuple(issues)


def _reason(name: str, text: str, common: frozenset[str]) -> str:
    """Tell why a search of several types cannot take a parameter, if so."""
    if name in _INCLUDING:
        return f"{name} goes with a search of one type."
    if name == "_sort":
        keys = {key.removeprefix("-") for key in text.split(",")}
        return "" if keys <= _SORTED_BY else "Several types are sorted by _id and _lastUpdated."
    found = _CODE.match(name)
    code = found[0] if found else ""
    if name in RESULT or code in common or code in {"_has", "_list"}:
        return ""
    listed = ", ".join(sorted(common))
    return f"'{code}' is not a search parameter of all these types; they share {listed}."


def _shared(types: Sequence[str], stored: Stored) -> frozenset[str]:
    """Name the parameters that types share, those that are stored too."""
    more = {each.parameter.code for name in types for each in stored.of(name)}
    return _common_parameters(tuple(types)) | {
        code for code in more if _is_shared(code, types, stored)
    }


def _is_shared(code: str, types: Iterable[str], stored: Stored) -> bool:
    found = [stored.served(name).get(code) for name in types]
    return None not in found and len({each.type for each in found if each}) == 1


@cache
def _common_parameters(types: tuple[str, ...]) -> frozenset[str]:
    """Name the parameters that types share, by code and type.

    What all types have is what a resource without any content of its own has: a Binary.
    """
    if len(types) > _FEW:
        return frozenset(served_parameters("Binary"))
    own = ({(code, each.type) for code, each in served_parameters(name).items()} for name in types)
    return frozenset(code for code, _ in set.intersection(*own))
