"""FHIR history interaction of one resource.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from shared.fhir.errors import InvalidSearch, NotFound
from shared.server.request import FhirResponse
from shared.server.searchset import history_bundle
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.server.request import Context, FhirRequest
    from shared.store.reading import Reading

_DEFAULT_COUNT: Final = 50
_MAX_COUNT: Final = 1000
_PARAMETERS: Final = frozenset({"_count", "_format", "_pretty", "_before"})


async def history(reading: Reading, request: FhirRequest, context: Context) -> FhirResponse:
    """List the versions of a resource, the newest first, deletions too.

    :raises NotFound: when there is nothing that the caller may see.
    """
    key = Key(request.type or "", request.id or "")
    wanted = dict(request.query)
    unknown = wanted.keys() - _PARAMETERS
    if unknown:
        raise InvalidSearch(f"History takes {', '.join(sorted(_PARAMETERS))} and no other.")
    count = min(_number(wanted, "_count", _DEFAULT_COUNT), _MAX_COUNT)
    before = _number(wanted, "_before", 0) or None
    found = await reading.history(key, before=before, limit=count + 1)
    if not found and before is None:
        raise NotFound(f"There is no {key.type} with this id.")
    url = f"{context.base}/{key}/_history"
    links = [("self", _link(url, count, before))]
    if len(found) > count > 0:
        links.append(("next", _link(url, count, found[count - 1].number)))
    with_before = list(zip_longest(found, found[1:]))[:count]
    return FhirResponse(200, history_bundle(with_before, context.base, links))


def _number(wanted: dict[str, str], name: str, default: int) -> int:
    text = wanted.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidSearch(f"{name} must be a whole number.")
    return int(text)


def _link(url: str, count: int, before: int | None) -> str:
    pairs = {"_count": str(count)} | ({} if before is None else {"_before": str(before)})
    return f"{url}?{urlencode(pairs)}"
