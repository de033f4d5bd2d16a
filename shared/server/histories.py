"""A history's answer: one page of versions, and links to the pages around it.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from shared.fhir.dates import date_range
from shared.fhir.errors import InvalidSearch, Malformed
from shared.server.request import FhirResponse
from shared.server.searchset import history_bundle
from shared.server.showing import asked, shown
from shared.store.history import History, history_place
from shared.store.page_key import sign, verify

if TYPE_CHECKING:
    from shared.fhir.dates import Range
    from shared.fhir.search.query import Result
    from shared.server.request import Context, FhirRequest
    from shared.store.page_key import PageKey
    from shared.store.reading import Reading
    from shared.store.version import Version

_DEFAULT_COUNT: Final = 50
_MAX_COUNT: Final = 1000
_LAYOUT: Final = frozenset({"_format", "_pretty"})
_TAKEN: Final = ("_at", "_count", "_elements", "_format", "_pretty", "_since", "_summary")


async def page_of_history(
    reading: Reading, request: FhirRequest, context: Context, types: tuple[str, ...]
) -> FhirResponse:
    """Give one page of the versions, the newest first, deletions too.

    :raises InvalidSearch: for a parameter that a history does not take.
    """
    given = _given(request)
    history, result = _history(request, given, context, types), asked(types, given)
    tenant, secret = reading.access.tenant, reading.paging_key
    page = given.get("_page")
    key = None if page is None else verify(page, history, tenant, secret)
    found = await reading.past(history, key) if history.count else []
    versions, more = found[: history.count], len(found) > history.count

    def link(at: PageKey | None) -> str:
        pairs = {name: given[name] for name in given.keys() - _LAYOUT - {"_page"}}
        pairs["_count"] = str(history.count)
        if at is not None:
            pairs["_page"] = sign(at, history, tenant, secret)
        return f"{_address(request, context)}?{urlencode(sorted(pairs.items()))}"

    links = [("self", link(key)), ("first", link(None))]
    if more:
        links.append(("next", link(history_place(versions[-1][0]))))
    seen = [(_shown(version, result), made) for version, made in versions]
    return FhirResponse(200, history_bundle(seen, context.base, links))


def _shown(version: Version, result: Result) -> Version:
    if version.body is None:
        return version
    return replace(version, body=shown(version.body, result))


def _given(request: FhirRequest) -> dict[str, str]:
    given = dict(request.query)
    if len(given) < len(request.query):
        raise InvalidSearch("Each parameter of a history may be given once only.")
    if given.keys() - {*_TAKEN, "_page"}:
        raise InvalidSearch(f"A history takes {', '.join(_TAKEN)} and no other parameter.")
    return given


def _history(
    request: FhirRequest, given: dict[str, str], context: Context, types: tuple[str, ...]
) -> History:
    return History(
        types,
        request.id,
        _count(given.get("_count", str(_DEFAULT_COUNT))),
        None if "_since" not in given else _range("_since", given["_since"], context)[0],
        None if "_at" not in given else _range("_at", given["_at"], context),
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidSearch("_count must be a whole number.")
    return min(int(text), _MAX_COUNT)


def _range(name: str, text: str, context: Context) -> Range:
    try:
        # HAPI's client does not encode the + of an offset here, and an address makes it a blank.
        return date_range(text.replace(" ", "+"), context.zone)
    except Malformed as error:
        raise InvalidSearch(f"{name}: {error.issues[0].diagnostics}") from None


def _address(request: FhirRequest, context: Context) -> str:
    steps = (context.base, request.type, request.id, "_history")
    return "/".join(step for step in steps if step)
