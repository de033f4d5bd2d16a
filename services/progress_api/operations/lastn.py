"""`Observation/$lastn`: the latest observations of one person, so many of each code.

Observations have the same code where the first of their codings, by its text, is the same, or
their text if they have no coding. Those of one date belong together: where the last of them is
shown, all of that date are.
https://hl7.org/fhir/R4/observation-operation-lastn.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import InvalidSearch, Malformed
from shared.fhir.search.query import Criterion
from shared.server.definition import Operation, Parameter
from shared.server.matches import Match, Searched, match_of, page_of_matches
from shared.server.searches import query_of
from shared.store.search import Latest

if TYPE_CHECKING:
    from shared.fhir.search.query import Query
    from shared.server.call import Call
    from shared.server.request import FhirResponse
    from shared.store.page_key import PageKey
    from shared.store.reading import Reading

_MOST: Final = 1000
_OF_WHOM: Final = frozenset({"patient", "subject"})
# The answer has an order of its own, and holds observations alone.
_NOT_TAKEN: Final = frozenset({"_sort", "_include", "_revinclude"})


async def lastn(reading: Reading, call: Call) -> FhirResponse:
    """Give one page of the latest observations, by code and then the newest first.

    :raises Malformed: when `max` is no number above zero.
    :raises InvalidSearch: when it does not say of whom, or has what only a search takes.
    """
    most = call.inputs.one("max")
    if most is not None and most < 1:
        raise Malformed("max must be at least 1.")
    shown = min(most or 1, _MOST)

    async def count(query: Query) -> int:
        return await reading.count_latest(Latest(query, shown))

    async def page(query: Query, key: PageKey | None) -> list[Match]:
        return [match_of(row) for row in await reading.latest(Latest(query, shown), key)]

    query = await _query(reading, call)
    searched = Searched(count, page)
    return await page_of_matches(searched, reading, call.request, call.context, query=query)


async def _query(reading: Reading, call: Call) -> Query:
    names = {name.partition(":")[0] for name, _ in call.request.query}
    if names & _NOT_TAKEN:
        raise InvalidSearch(f"$lastn takes no {' and no '.join(sorted(names & _NOT_TAKEN))}.")
    own = tuple(pair for pair in call.request.query if pair[0] != "max")
    query = await query_of(reading, replace(call.request, query=own), call.context)
    asked = [each for each in query.criteria if isinstance(each, Criterion)]
    # Of several people together, the latest of a code would be that of one of them.
    if not any(each.parameter.code in _OF_WHOM and len(each.values) == 1 for each in asked):
        raise InvalidSearch("$lastn needs 'patient' or 'subject': it is about one person.")
    said = tuple(pair for pair in call.request.query if pair[0] == "max")
    return replace(query, used=(*said, *query.used))


LASTN: Final = Operation(
    code="lastn",
    level="type",
    types=("Observation",),
    handle=lastn,
    opens="snapshot",
    affects_state=False,
    is_search=True,
    description="Give the latest observations of one person, so many of each code.",
    parameters=(
        Parameter(
            "max", "in", "integer", f"How many of each code, 1 without it, at most {_MOST:,}."
        ),
        Parameter("return", "out", "Bundle", "A searchset.", min=1),
    ),
)
