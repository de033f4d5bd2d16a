"""What a code may be called, and whether what a client calls it is one of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.search.fold import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject
    from shared.fhir.terminology.holdings import Code, Holdings


def names_of(holdings: Holdings, code: Code, value_set: JsonObject | None = None) -> list[str]:
    """List everything that a code is called, the preferred name first; none where nothing tells."""
    value_sets = [*([] if value_set is None else [value_set]), *holdings.value_sets.values()]
    listed = [name for each in value_sets for name in _listed(each, code)]
    concept = holdings.concept(code)
    return listed + ([] if concept is None else list(concept.names))


def is_called(names: Iterable[str], display: str) -> bool:
    """Tell whether a display is one of some names, whatever its case, accents and spaces."""
    return fold(display) in {fold(name) for name in names}


def _listed(value_set: JsonObject, code: Code) -> Iterator[str]:
    for part in value_set.get("compose", {}).get("include", ()):
        for concept in part.get("concept", ()) if part.get("system") == code.system else ():
            if concept["code"] == code.code:
                yield from (concept[key] for key in ("display",) if key in concept)
                yield from (each["value"] for each in concept.get("designation", ()))
