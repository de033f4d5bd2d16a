"""All resources of a record, and the answers to searches of them.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from tests.search.opinion.including import Include, include, included
from tests.search.opinion.ordering import Key, latest_first, ordered, sort_keys
from tests.search.opinion.problem import Unknown
from tests.search.opinion.reading import Reading
from tests.search.opinion.terminology import meaning
from tests.search.opinion.thing import Thing, check_alike

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.search.opinion.criteria import Test

# What says how the answer looks, not what it holds.
_RESULT: Final = {"_count", "_elements", "_format", "_pretty", "_summary", "_total"}


@dataclass(frozen=True)
class Answer:
    """The matches in order, all that is included beside them, and what was skipped."""

    matches: tuple[tuple[str, str], ...]
    included: frozenset[tuple[str, str]] = frozenset()
    skipped: tuple[str, ...] = ()


@dataclass
class _Asked:
    tests: list[Test] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)


class World:
    """Resources as JSON texts, each with the time when it was written; made in this order."""

    def __init__(
        self,
        resources: Iterable[tuple[str, datetime]],
        *,
        now: datetime,
        zone: tzinfo = UTC,
        base: str = "",
    ) -> None:
        read = ((json.loads(text, parse_float=Decimal), updated) for text, updated in resources)
        self.things = [Thing(*each, place) for place, each in enumerate(read)]
        bodies = [each.resource for each in self.things]
        self._reading = Reading(
            self.things,
            zone=zone,
            now=now,
            base=base,
            terminology=lambda modifier, text: meaning(bodies, modifier, text),
        )

    def search(
        self,
        types: Sequence[str],
        raw: str,
        *,
        lenient: bool = False,
        compartment: tuple[str, str] | None = None,
    ) -> Answer:
        """Answer the query string of a search of one type, or of several.

        :raises Problem: it is to be refused.
        """
        pairs = parse_qsl(raw, keep_blank_values=True)
        asked = {each: _Asked() for each in types}
        skipped = []
        for name, text in pairs:
            try:
                self._add(asked, name, text)
            except Unknown:
                if not lenient:
                    raise
                skipped.append(name)
        if compartment is not None:
            for each in types:
                asked[each].tests.append(self._reading.compartment(*compartment, each))
        found = [
            thing
            for thing in self.things
            if thing.type in asked and all(test(thing) for test in asked[thing.type].tests)
        ]
        first = asked[types[0]]
        if not first.keys and len(types) == 1:
            used = [name for name, _ in pairs if name not in skipped]
            first.keys = latest_first(types[0], used)
        matches = ordered(found, first.keys, self._reading)
        beside = included(matches, first.includes, self._reading)
        return Answer(tuple(each.key for each in matches), frozenset(beside), tuple(skipped))

    def _add(self, asked: dict[str, _Asked], name: str, text: str) -> None:
        """Understand a parameter in every type, or in none."""
        if name == "_sort":
            keys = sort_keys(list(asked), text)
            for wanted in asked.values():
                wanted.keys += keys
        elif name.partition(":")[0] in {"_include", "_revinclude"}:
            asked[next(iter(asked))].includes.append(include(list(asked), name, text))
        elif name not in _RESULT:
            check_alike(list(asked), name)
            tests = {each: self._reading.restriction(each, name, text) for each in asked}
            for each, test in tests.items():
                asked[each].tests.append(test)
