"""Which parameters of which types a search is answered by, wherever they stand in it; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.search.query import Chain, Has, InCompartment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.query import Include, Query, Restriction

Asked = tuple[str, "Parameter | None"]


def uses_of(query: Query) -> Iterator[Asked]:
    """Name each type that is looked at, with the parameter by which it is."""
    for part in query.of_each_type:
        yield part.type, None
        yield from ((part.type, each.parameter) for each in part.sort)
        for each in part.criteria:
            yield from _restricted(part.type, each)


def uses_of_includes(includes: Iterable[Include]) -> Iterator[Asked]:
    """Name the types that have the references by which others are shown."""
    yield from ((each.source, each.parameter) for each in includes)


def _restricted(resource_type: str, restriction: Restriction) -> Iterator[Asked]:
    if isinstance(restriction, InCompartment):
        yield from ((resource_type, each) for each in restriction.parameters)
        return
    if isinstance(restriction, Has):
        yield restriction.type, restriction.parameter
        yield from _restricted(restriction.type, restriction.criterion)
        return
    yield resource_type, restriction.parameter
    if isinstance(restriction, Chain):
        for name, inner in restriction.targets:
            yield from _restricted(name, inner)
