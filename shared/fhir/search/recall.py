"""Knows again what the same value gave before at the same place: codes and targets come again.

Only values that a short key tells whole are known again: a Reference of nothing but its text and
display, and a CodeableConcept or Coding of nothing but texts. All else is visited each time.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.fhir.search.collector import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.fhir.reader import JsonObject

    Visit = Callable[[Any, Collector], None]

_REMEMBERED: Final = 8192
# A text may have a million characters: held by the thousand, they would fill the memory.
_LONGEST: Final = 300

_places = count()


class _Given(NamedTuple):
    """What a value gave."""

    terms: tuple[str, ...]
    texts: tuple[tuple[int, str], ...]
    present: frozenset[int]
    patients: frozenset[str]


_given: dict[tuple[object, ...], _Given] = {}


def _recalling_references(visit: Visit) -> Visit:
    place = next(_places)

    def recall(value: JsonObject, collector: Collector) -> None:
        text = value.get("reference")
        # What is contained is another resource each time, or none.
        if text is None or text[0] == "#" or len(value) - ("display" in value) > 1:
            visit(value, collector)
            return
        key = (place, text, collector.reading.bases)
        terms, _, present, patients = _given.get(key) or _give(visit, value, collector, key)
        collector.terms += terms
        collector.present |= present
        if patients:
            collector.patients |= patients

    return recall


def _recalling_codings(visit: Visit) -> Visit:
    place = next(_places)

    def recall(value: JsonObject, collector: Collector) -> None:
        key = (place, value.get("system"), value.get("code"), value.get("display"))
        if len(value) != 3 - key.count(None):
            visit(value, collector)
            return
        terms, texts, present, _ = _given.get(key) or _give(visit, value, collector, key)
        collector.terms += terms
        collector.texts += texts
        collector.present |= present

    return recall


def _recalling_concepts(visit: Visit) -> Visit:
    place = next(_places)

    def recall(value: JsonObject, collector: Collector) -> None:
        codings, text = value.get("coding", ()), value.get("text")
        coding = codings[0] if len(codings) == 1 else value
        key = (place, coding.get("system"), coding.get("code"), coding.get("display"), text)
        if coding is value or len(value) + len(coding) != 5 - key.count(None):
            visit(value, collector)
            return
        terms, texts, present, _ = _given.get(key) or _give(visit, value, collector, key)
        collector.terms += terms
        collector.texts += texts
        collector.present |= present

    return recall


def _give(visit: Visit, value: JsonObject, collector: Collector, key: tuple[object, ...]) -> _Given:
    found = Collector(collector.root, collector.reading)
    visit(value, found)
    given = _Given(
        tuple(found.terms),
        tuple(dict.fromkeys(found.texts)),
        frozenset(found.present),
        frozenset(found.patients),
    )
    if sum(len(part) for part in key if type(part) is str) <= _LONGEST:
        if len(_given) >= _REMEMBERED:
            _given.clear()
        _given[key] = given
    return given


RECALLING: Final[Mapping[str, Callable[[Visit], Visit]]] = {
    "Reference": _recalling_references,
    "Coding": _recalling_codings,
    "CodeableConcept": _recalling_concepts,
}
