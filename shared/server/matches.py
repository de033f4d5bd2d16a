"""A search's answer: one page of the matches, and links to the pages around it.

What is searched is handed in, so that types which are not in the search index answer alike.
https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from shared.fhir.definitions import TYPE_NAME
from shared.fhir.errors import Issue
from shared.fhir.outcome import operation_outcome
from shared.fhir.summary import check_subset
from shared.server.audit_event import version_of_event
from shared.server.explaining import explanation
from shared.server.request import FhirResponse
from shared.server.searches import query_of
from shared.server.searchset import searchset
from shared.server.showing import shown
from shared.store.page_key import PageKey, sign, verify
from shared.store.search import Shown, position
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shared.fhir.search.query import Query
    from shared.server.request import Context, FhirRequest
    from shared.store.reading import Found, Reading


_CUT: Final = Issue(
    "warning",
    "too-costly",
    "There is more to include than one page shows; ask for fewer matches with _count.",
)


@dataclass(frozen=True, slots=True)
class Match:
    """A match: its type and logical id, its JSON, its place in the order, its internal key."""

    key: Key
    body: bytes
    place: PageKey
    pk: int


@dataclass(frozen=True, slots=True)
class Searched:
    """How matches are counted, and how a page is found: one more than it holds, if there are."""

    count: Callable[[Query], Awaitable[int]]
    page: Callable[[Query, PageKey | None], Awaitable[Sequence[Match]]]


def match_of(found: Found) -> Match:
    """Make a match of what a search of the record found."""
    pk, logical_id, code, _, _, body, *_ = found
    return Match(Key(TYPE_NAME[code], logical_id), body.encode(), position(found), pk)


async def page_of_matches(
    searched: Searched,
    reading: Reading,
    request: FhirRequest,
    context: Context,
    *,
    query: Query | None = None,
) -> FhirResponse:
    """Give one page of the matches of a request, or of a query made of it, with links around it."""
    query = query or await query_of(reading, request, context)
    if query.result.explain:
        return await explanation(reading, query, context)
    check_subset([each.type for each in query.of_each_type], query.result)
    total = await searched.count(query) if query.total != "none" else None
    tenant, secret = reading.access.tenant, reading.paging_key
    key = verify(query.page, query, tenant, secret) if query.page is not None else None
    page = _Page.cut(await searched.page(query, key) if query.count else [], query, key)
    address = _address(request, query, context)
    links = [
        (relation, address if at is None else _at(address, sign(at, query, tenant, secret)))
        for relation, at in page.links(key)
    ]
    entries = (
        (f"{context.base}/{each.key}", shown(each.body, query.result)) for each in page.matches
    )
    shown_already = [Shown(each.key, each.pk) for each in page.matches]
    included, is_cut = await reading.included(query.includes, shown_already, version_of_event)
    beside = ((f"{context.base}/{each.key}", each.body or b"") for each in included)
    issues = (*query.issues, _CUT) if is_cut else query.issues
    outcome = operation_outcome(issues) if issues else None
    return FhirResponse(
        200, searchset(entries, links, total=total, included=beside, outcome=outcome)
    )


class _Page:
    """The matches of a page, and whether there are more before and after it."""

    def __init__(self, matches: Sequence[Match], *, before: bool, after: bool) -> None:
        self.matches = matches
        self._before = before
        self._after = after

    @classmethod
    def cut(cls, matches: Sequence[Match], query: Query, key: PageKey | None) -> _Page:
        """Take off the one match more that tells of a further page."""
        more = len(matches) > query.count
        if key is not None and key.backward:
            return cls(matches[1:] if more else matches, before=more, after=True)
        return cls(matches[: query.count], before=key is not None, after=more)

    def links(self, key: PageKey | None) -> list[tuple[str, PageKey | None]]:
        """Name the pages to link to; None is the first page."""
        found: list[tuple[str, PageKey | None]] = [("self", key), ("first", None)]
        if self._before and self.matches:
            found.append(("previous", replace(self.matches[0].place, backward=True)))
        if self._after and self.matches:
            found.append(("next", self.matches[-1].place))
        return found


def _address(request: FhirRequest, query: Query, context: Context) -> str:
    """Write the address of a search, from its first page on."""
    pairs = [pair for pair in query.used if pair[0] != "_page"]
    of_type = request.type or ("*" if request.compartment else None)
    operation = f"${request.operation}" if request.operation else None
    steps = (context.base, *(request.compartment or ()), of_type, operation)
    url = "/".join(step for step in steps if step)
    return f"{url}?{urlencode(pairs)}" if pairs else url


def _at(address: str, page: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'_page': page})}"
