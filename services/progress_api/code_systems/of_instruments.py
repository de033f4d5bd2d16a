"""The CodeSystems of ours that name instruments, their items, answers and bands.

They are made of the registry, so that no code of it lacks its meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.care.canonical import code_system
from shared.care.instruments.registry import INSTRUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.care.instruments.score import Band, Score
    from shared.fhir.reader import JsonObject

ITEM = code_system("instrument-item")
ANSWER = code_system("instrument-answer")


def code_systems_of_instruments() -> tuple[JsonObject, ...]:
    """Make the CodeSystems, each with its codes in the order of the registry."""
    instruments = {each.name: each.title for each in INSTRUMENTS}
    bands = {band.code: band.label for band in _bands()}
    return (
        _code_system("instrument", "Instruments that are scored", instruments),
        _code_system("instrument-item", "Items without a verified LOINC code", _items()),
        _code_system("instrument-answer", "Answers without a verified LOINC code", _answers()),
        _code_system("band", "Bands of a score", bands),
    )


def _items() -> dict[str, str]:
    return {
        item.code: f"{instrument.title}: {item.topic}"
        for instrument in INSTRUMENTS
        for item in instrument.items
        if item.system == ITEM
    }


def _answers() -> dict[str, str]:
    return {
        option.code: option.display
        for instrument in INSTRUMENTS
        for options in instrument.options.values()
        for option in options
        if option.system == ANSWER
    }


def _bands() -> Iterator[Band]:
    scores: list[Score] = [score for each in INSTRUMENTS for score in each.scores]
    for score in scores:
        yield from score.bands
        for bands in score.by_sex.values():
            yield from bands


def _code_system(name: str, title: str, displays: dict[str, str]) -> JsonObject:
    return {
        "resourceType": "CodeSystem",
        "id": name,
        "url": code_system(name),
        "version": "1.0",
        "name": "".join(word.capitalize() for word in name.split("-")),
        "title": title,
        "status": "active",
        "experimental": False,
        "publisher": "Stepdown",
        "caseSensitive": True,
        "content": "complete",
        "count": len(displays),
        "concept": [{"code": code, "display": display} for code, display in displays.items()],
    }
