"""Which search a request asks for: of one type, of several, or in a compartment.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.fhir.definitions import RESOURCE_TYPES, TYPE_CODE
from shared.fhir.errors import InvalidSearch, NotSupported
from shared.fhir.search.parameters import is_view
from shared.fhir.search.parse import read_query, refuse_beside_narrative
from shared.fhir.search.query import InCompartment
from shared.fhir.search.reading import Reading as Texts
from shared.server.compartments import members, parameters_of
from shared.server.concepts import with_concepts
from shared.server.preferences import preference
from shared.server.several_types import taken
from shared.store.audit_following import with_events

if TYPE_CHECKING:
    from shared.fhir.search.query import Query
    from shared.server.request import Context, FhirRequest, Pairs
    from shared.store.reading import Reading


async def query_of(reading: Reading, request: FhirRequest, context: Context) -> Query:
    """Read the search that a request asks for, with all that only the record tells.

    :raises InvalidSearch: a parameter, modifier or value is not valid.
    :raises NotSupported: R4 has it, this server does not.
    """
    lenient = preference(request.headers, "handling") == "lenient"
    texts = Texts(context.zone, context.bases, context.now, reading.stored)
    if request.type is not None:
        query = _of_type(request.type, request, request.query, texts, lenient=lenient)
    else:
        query = await _of_several(reading, request, texts, lenient=lenient)
    parts = [await with_concepts(reading, each, context.bases) for each in query.of_each_type]
    return await with_events(
        reading, replace(query, parts=tuple(parts)) if query.parts else parts[0]
    )


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
    named = tuple(pair for pair in request.query if pair[0] == "_type")
    if len(types) == 1:
        others = tuple(pair for pair in request.query if pair[0] != "_type")
        query = _of_type(types[0], request, others, texts, lenient=lenient)
        return replace(query, used=(*named, *query.used))
    asked = taken(types, request.query, texts.stored, lenient=lenient)
    # Only the types that are there cost anything; one shows whether the values can be read.
    present = await reading.present_types()
    searched = [each for each in types if each in present] or types[:1]
    pairs = tuple(asked.pairs)
    parts = [_of_type(each, request, pairs, texts, lenient=False) for each in searched]
    refuse_beside_narrative(asked.includes, parts[0].result)
    return replace(
        parts[0],
        type="",
        criteria=(),
        includes=tuple(asked.includes),
        used=(*named, *asked.used),
        issues=tuple(asked.issues),
        parts=tuple(parts),
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
