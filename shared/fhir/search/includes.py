"""Reads `_include` and `_revinclude`: what is to be shown beside the matches.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.errors import InvalidSearch, NotSupported
from shared.fhir.search.links import all_links_of, leads_to, link, links_to
from shared.fhir.search.parameters import is_view
from shared.fhir.search.query import Include
from shared.fhir.search.stored import NOTHING, Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.search.parameters import Parameter

_NAMES: Final = frozenset({"_include", "_revinclude"})
_MOST_PARTS: Final = 3


def is_include(name: str) -> bool:
    """Tell whether a parameter asks for what is to be shown beside the matches."""
    return name.partition(":")[0] in _NAMES


def includes_of(resource_type: str, stored: Stored = NOTHING) -> list[str]:
    """Name what can be shown beside matches of a type, by references of theirs."""
    return [f"{resource_type}:{each.code}" for each in all_links_of(resource_type, stored)]


def reverse_includes_of(
    resource_type: str, stored: Stored = NOTHING, *, with_views: bool = True
) -> list[str]:
    """Name what can be shown beside matches of a type, by references to them.

    `with_views`: also what is no resource of the record, but a view, which not every service reads.
    """
    return [
        f"{source}:{each.code}"
        for source in RESOURCE_TYPES
        if with_views or not is_view(source)
        for each in links_to(source, resource_type, stored)
    ]


def read_include(types: Sequence[str], name: str, text: str, stored: Stored = NOTHING) -> Include:
    """Read what is to be shown beside matches of types, or with `:iterate` beside that again.

    :raises InvalidSearch: there is no such modifier, type or reference, or it leads nowhere.
    :raises NotSupported: R4 has it, this server does not.
    """
    code, mark, modifier = name.partition(":")
    if mark and modifier != "iterate":
        raise InvalidSearch(f"There is no modifier ':{modifier}' here; valid is 'iterate'.")
    parts = text.split(":")
    if "*" in parts:
        raise NotSupported(f"{code} takes no '*': name each reference, as in {_example(code)}.")
    if not 1 < len(parts) <= _MOST_PARTS or not all(parts):
        raise InvalidSearch(f"{code} needs a type and a reference of it, as in {_example(code)}.")
    source, reference, *target = parts
    if code == "_revinclude" and any(map(is_view, types)) and not is_view(source):
        raise NotSupported(f"No {source} refers to an AuditEvent.")
    parameter = link(source, reference, stored)
    include = Include(
        source,
        parameter,
        _target(source, parameter, target),
        is_reverse=code == "_revinclude",
        iterate=bool(mark),
    )
    if not include.iterate:
        _refuse_apart(types, include)
    return include


def _example(code: str) -> str:
    return "'Provenance:target'" if code == "_revinclude" else "'Observation:subject:Patient'"


def _target(source: str, parameter: Parameter, given: list[str]) -> str | None:
    if given and given[0] not in leads_to(parameter):
        raise InvalidSearch(
            f"'{parameter.code}' of {source} does not refer to '{given[0]}'; valid are "
            f"{', '.join(leads_to(parameter))}."
        )
    return given[0] if given else None


def _refuse_apart(types: Sequence[str], include: Include) -> None:
    """Refuse what could not lead from or to a match: it would look as if there were none."""
    if not include.is_reverse and include.source not in types:
        raise InvalidSearch(
            f"_include begins at the matches, as in '{types[0]}:…'; from what is included "
            "leads _include:iterate."
        )
    if include.is_reverse and not set(types) & set(include.targets):
        raise InvalidSearch(
            f"_revinclude leads to the matches, which '{include.parameter.code}' of "
            f"{include.source} does not; to what is included leads _revinclude:iterate."
        )
