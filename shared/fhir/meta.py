"""Profiles, security labels and tags of a resource's meta, as the sets that they are; pure.

The identity of a label is its system and code: what it is called, and in which version, is not.
https://hl7.org/fhir/R4/resource.html#Meta
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

KINDS: Final = ("profile", "security", "tag")


def with_labels(meta: JsonObject, added: JsonObject) -> JsonObject:
    """Give a meta the profiles, labels and tags of another that it does not have yet."""
    made = dict(meta)
    for kind in KINDS:
        labels = _each_once([*meta.get(kind, ()), *added.get(kind, ())])
        if labels:
            made[kind] = labels
    return made


def without_labels(meta: JsonObject, removed: JsonObject) -> JsonObject:
    """Take the profiles, labels and tags of another from a meta, those that it has."""
    made = dict(meta)
    for kind in KINDS:
        gone = {identity(each) for each in removed.get(kind, ())}
        left = [each for each in meta.get(kind, ()) if identity(each) not in gone]
        made.pop(kind, None)
        if left:
            made[kind] = left
    return made


def identity(label: object) -> object:
    """Tell what makes a profile or a label the same as another."""
    if isinstance(label, dict):
        return label.get("system"), label.get("code")
    return label


def _each_once(labels: Iterable[object]) -> list[object]:
    first: dict[object, object] = {}
    for each in labels:
        first.setdefault(identity(each), each)
    return list(first.values())
