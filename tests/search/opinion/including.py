"""Adds what is to be shown beside matches: by references of theirs, and to them.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.search.opinion.problem import Unknown
from tests.search.opinion.reading import link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.search.opinion.reading import Reading
    from tests.search.opinion.thing import Thing


class Include(NamedTuple):
    """One `_include` or `_revinclude`."""

    source: str
    code: str
    targets: tuple[str, ...]
    is_reverse: bool
    iterates: bool


def include(types: Sequence[str], name: str, text: str) -> Include:
    """Read what is to be included beside matches of some types."""
    code, mark, modifier = name.partition(":")
    parts = text.split(":")
    if (mark and modifier != "iterate") or len(parts) not in {2, 3} or not all(parts):
        raise Unknown(name)
    found = link(*parts[:2])
    if parts[2:] and parts[2] not in found.targets:
        raise Unknown(text)
    targets = (parts[2],) if parts[2:] else found.targets
    read = Include(parts[0], found.code, targets, code == "_revinclude", bool(mark))
    begins = not {*types}.isdisjoint(targets) if read.is_reverse else parts[0] in types
    if not (begins or read.iterates):
        raise Unknown(text)
    return read


def included(
    matches: Iterable[Thing], includes: Iterable[Include], reading: Reading
) -> set[tuple[str, str]]:
    """Find all that is included beside matches, and beside that again."""
    matches, includes = list(matches), list(includes)
    shown = {each.key for each in matches}
    found: set[tuple[str, str]] = set()
    beside, ways = matches, includes
    while beside:
        fresh = {
            each.key: each
            for thing in beside
            for way in ways
            for each in _beside(thing, way, reading)
            if each.key not in shown
        }
        shown |= fresh.keys()
        found |= fresh.keys()
        beside, ways = list(fresh.values()), [each for each in includes if each.iterates]
    return found


def _beside(thing: Thing, way: Include, reading: Reading) -> Iterator[Thing]:
    if way.is_reverse and thing.type in way.targets:
        yield from reading.referring(thing, way.source, way.code)
    elif not way.is_reverse and thing.type == way.source:
        yield from reading.referred(thing, way.code, way.targets)
