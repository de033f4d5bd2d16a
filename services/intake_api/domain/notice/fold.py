"""What a set of notices comes to: the newest says what holds, older ones fill its gaps only.

Notices come late, twice and out of order. So the result is a function of the set alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.definitions import type_definition
from shared.fhir.validation import validate
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.fhir.definitions.structures import Element
    from shared.fhir.reader import JsonObject

# The narrative and the labels are of one telling, and do not speak of what others fill in.
_OF_ONE_TELLING = frozenset({"id", "meta", "text"})
_LABELS = ("profile", "security", "tag")
# Where an Encounter tells how it ended.
_END = {"period": "end", "hospitalization": "dischargeDisposition"}


def folded(tellings: Sequence[JsonObject]) -> JsonObject:
    """Fold what was told of one resource, the newest last."""
    newest = tellings[-1]
    has_ended = newest.get("status") == "finished"
    result = newest
    for older in reversed(tellings[:-1]):
        told = older if has_ended or newest["resourceType"] != "Encounter" else _going_on(older)
        filled = _filled(result, told, newest["resourceType"])
        # What was entered in error is no longer active: a gap may be what the newer telling means.
        is_meant = validate(filled) and not validate(result)
        result = result if is_meant else filled
    return result


def brought(current: JsonObject, before: JsonObject, after: JsonObject) -> JsonObject:
    """Bring into the record what a notice changes in the fold; all else stays as people left it."""
    names = (before.keys() | after.keys()) - {"meta", "id", "resourceType"}
    # Numbers keep their text and are not equal as values, so what is written is compared.
    changed = {n for n in names if canonical(before.get(n)) != canonical(after.get(n))}
    kept = {name: value for name, value in current.items() if name not in changed}
    new = {name: after[name] for name in after if name in changed}
    meta = _labelled(*(each.get("meta", {}) for each in (current, before, after)))
    return {n: v for n, v in kept.items() if n != "meta"} | new | ({"meta": meta} if meta else {})


def _labelled(current: JsonObject, before: JsonObject, after: JsonObject) -> JsonObject:
    meta = dict(current)
    for name in _LABELS:
        theirs = [each for each in current.get(name, ()) if each not in before.get(name, ())]
        labels = [*after.get(name, ())]
        labels += [each for each in theirs if each not in labels]
        meta = {each: value for each, value in meta.items() if each != name}
        meta |= {name: labels} if labels else {}
    return meta


def _filled(newer: JsonObject, older: JsonObject, type_name: str) -> JsonObject:
    result = dict(newer)
    for element in type_definition(type_name).elements.values():
        if element.name in _OF_ONE_TELLING:
            continue
        names = list(_names(element))
        if element.name == "identifier" and element.max != 1:
            result |= _identifiers(newer, older)
            continue
        if not any(name in newer for name in names):
            result |= {name: older[name] for name in names if name in older}
        elif (part := _single_part(type_name, element)) and element.name in older:
            result[element.name] = _filled(newer[element.name], older[element.name], part)
    return result


def _identifiers(newer: JsonObject, older: JsonObject) -> JsonObject:
    """Keep the identifiers of systems of which the newer telling says nothing.

    Somebody would not be known again by an identifier that one telling has left out.
    """
    said = newer.get("identifier", [])
    systems = {each.get("system") for each in said}
    gaps = [each for each in older.get("identifier", ()) if each.get("system") not in systems]
    return {"identifier": [*said, *gaps]} if said or gaps else {}


def _going_on(stay: JsonObject) -> JsonObject:
    """Leave out how a stay ended, which an older notice cannot know of one that goes on."""
    kept = {name: value for name, value in stay.items() if name != "length"}
    for name, end in _END.items():
        part = {each: value for each, value in stay.get(name, {}).items() if each != end}
        kept = {each: value for each, value in kept.items() if each != name}
        kept |= {name: part} if part else {}
    return kept


def _single_part(type_name: str, element: Element) -> str | None:
    """Name the type of an element that occurs once and whose own elements can be filled."""
    [key, *others] = element.keys
    if (type_name, key.json) == ("Encounter", "period"):
        return key.type
    is_part = not others and type_definition(key.type).kind == "backbone"
    return key.type if is_part and element.max == 1 else None


def _names(element: Element) -> Iterator[str]:
    for key in element.keys:
        yield from (key.json, f"_{key.json}")
