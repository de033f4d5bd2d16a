"""dom-2 to dom-5: what may be contained in a resource, each fault at the contained resource.

https://hl7.org/fhir/R4/references.html#contained
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.fhir.validation.finding import fault, joined, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.validation.finding import Findings, Run

_CONTAINERS: Final = frozenset({dict, list})
_NESTED: Final = "A contained resource may not contain others (dom-2)."
_UNREFERENCED: Final = "A contained resource must be referred to, or refer to its holder (dom-3)."
_VERSIONED: Final = "A contained resource has no version and no time of change (dom-4)."
_LABELLED: Final = "A contained resource has no security label (dom-5)."


def check_contained(value: dict[str, Any], run: Run) -> Findings | None:
    """Check the contained resources of a resource."""
    if "contained" not in value:
        return None
    found: Findings | None = None
    inside = value["contained"]
    lost = {f"#{resource.get('id')}" for resource in inside}.difference(run.mentioned or ())
    lost = _unmentioned(value, lost)
    for index, resource in enumerate(inside):
        faults = [told for told, is_broken in _rules(resource) if is_broken]
        if f"#{resource.get('id')}" in lost and _unmentioned(resource, {"#"}):
            faults.append(_UNREFERENCED)
        for told in faults:
            found = joined(found, within(f".contained[{index}]", fault("invariant", told)))
    return found


def _rules(resource: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    meta = resource.get("meta", {})
    yield _NESTED, "contained" in resource
    yield _VERSIONED, "versionId" in meta or "lastUpdated" in meta
    yield _LABELLED, "security" in meta


def _unmentioned(value: dict[str, Any], texts: set[str]) -> set[str]:
    """Tell which texts stand nowhere: in no reference, canonical, uri or url.

    References mostly stand near the top, so it looks level by level, until all are found.
    """
    level: list[Any] = [value]
    while level and texts:
        children = [child for node in level for child in _children(node)]
        texts = texts.difference(child for child in children if type(child) is str)
        level = [child for child in children if type(child) in _CONTAINERS]
    return texts


def _children(node: Any) -> Iterable[Any]:  # noqa: ANN401
    return node.values() if type(node) is dict else node
