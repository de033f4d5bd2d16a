"""Searches of a record at random: what it holds, what it nearly holds, and combinations.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from shared.fhir.definitions import RESOURCE_TYPES, compartment_parameters, search_parameters
from tests.search.generated.asking import asked, escaped
from tests.search.generated.datatypes import (
    BASE,
    CODES,
    DATES,
    ELSEWHERE,
    NUMBERS,
    SYSTEMS,
    TIMES,
    UNITS,
    URLS,
    WORDS,
)  # fmt: skip
from tests.search.generated.resources import MAKERS
from tests.search.opinion.dates import PREFIXES
from tests.search.opinion.thing import types_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tests.search.opinion.thing import Thing

Pair = tuple[str, str]

_COMPARED: Final = {"date", "number", "quantity"}
_COMMON: Final = ("_id", "_lastUpdated", "_tag", "_profile", "_security", "_source")
_LINK: Final = re.compile(r"'reference': '(?:http://here[^']*/)?([A-Z]\w+)/([A-Za-z0-9.-]+)")


@dataclass(frozen=True)
class Search:
    """A search: of types, perhaps in a compartment, by a query string."""

    types: tuple[str, ...]
    raw: str
    compartment: tuple[str, str] | None = None
    lenient: bool = False


class Searches:
    """Makes searches of some resources."""

    def __init__(self, random: Random, things: Sequence[Thing]) -> None:
        self.random, self.things = random, things
        self._of = {
            kind: [each for each in things if each.type == kind] for kind in (*MAKERS, "CodeSystem")
        }
        self._references = {kind: _references(kind) for kind in MAKERS}
        self._around = _around(things)
        # Of each type the resource whose values are asked for most: they belong together.
        self._focus: dict[str, Thing] = {}

    def any(self) -> Search:
        """Make a search of one type, now and then of several, or in a compartment."""
        kind = self.random.choices(list(MAKERS), [len(self._of[each]) for each in MAKERS])[0]
        self._look_at(self.random.choice(self._of[kind]))
        chance = self.random.random()
        if chance < 0.05:
            return self._of_several()
        pairs = [
            self._restriction(kind) for _ in range(self.random.choice((0, 1, 1, 1, 2, 2, 3, 4)))
        ]
        pairs += self._sort(_alike((kind,))) + self._includes(kind)
        lenient = chance > 0.96
        if lenient:
            pairs.insert(self.random.randint(0, len(pairs)), ("no-such", "1"))
        self.random.shuffle(pairs)
        compartment = self._compartment(kind) if 0.05 < chance < 0.11 else None
        return Search((kind,), _raw(pairs), compartment, lenient)

    def _look_at(self, thing: Thing) -> None:
        self._focus = {kind: self.random.choice(found) for kind, found in self._of.items()}
        beside = self.random.sample(self._around[thing.key], len(self._around[thing.key]))
        beyond = [other for each in beside for other in self._around[each.key]]
        self._focus |= {each.type: each for each in (*beyond, *beside, thing)}

    def _of_several(self) -> Search:
        kinds = tuple(sorted(self.random.sample(list(MAKERS), self.random.randint(2, 4))))
        alike = _alike(kinds)
        codes = [code for code in alike if code not in _COMMON]
        pairs = [
            self._parameter(self.random.choice(kinds), self.random.choice(codes))
            if codes and self.random.random() < 0.6
            else self._common(kinds[0])
            for _ in range(self.random.randint(0, 2))
        ]
        pairs += self._sort(alike) + self._includes(self.random.choice(kinds))
        return Search(kinds, _raw(pairs))

    def _compartment(self, kind: str) -> tuple[str, str] | None:
        able = [
            each
            for each in ("Patient", "Encounter", "Practitioner")
            if compartment_parameters(each, kind)
        ]
        if not able:
            return None
        name = self.random.choice(able)
        return name, self.random.choice(self._of[name]).id

    def _restriction(self, kind: str) -> Pair:
        chance = self.random.random()
        if chance < 0.1 and self._references[kind]:
            return self._chain(kind, 1)
        if chance < 0.2:
            return self._has(kind) or self._plain(kind)
        return self._common(kind) if chance < 0.3 else self._plain(kind)

    def _chain(self, kind: str, depth: int) -> Pair:
        code, targets = self.random.choice(self._references[kind])
        target = self.random.choice(targets)
        if depth < 3 and self._references[target] and self.random.random() < 0.3:
            name, text = self._chain(target, depth + 1)
        elif self.random.random() < 0.15:
            name, text = self._has(target) or self._plain(target)
        else:
            name, text = self._plain(target)
        # Without its type a reference of many types would be followed in too many ways.
        is_free = len(search_parameters(kind)[code].targets) in range(1, 6)
        only = "" if is_free and self.random.random() < 0.4 else f":{target}"
        return f"{code}{only}.{name}", text

    def _has(self, kind: str, depth: int = 1) -> Pair | None:
        able = [
            (source, code) for source, links in self._references.items()
            for code, targets in links if kind in targets
        ]  # fmt: skip
        if not able:
            return None
        source, code = self.random.choice(able)
        again = self._has(source, depth + 1) if depth < 3 and self.random.random() < 0.15 else None
        name, text = again or self._plain(source)
        return f"_has:{source}:{code}:{name}", text

    def _plain(self, kind: str) -> Pair:
        codes = [
            code for code, each in search_parameters(kind).items()
            if each.type != "special" and code not in _COMMON
        ]  # fmt: skip
        held = [code for code in codes if self._focus[kind].nodes(code)]
        return self._parameter(
            kind, self.random.choice(held if held and self.random.random() < 0.7 else codes)
        )

    def _common(self, kind: str) -> Pair:
        code = self.random.choice(_COMMON)
        if code == "_id":
            ids = [self.random.choice(self.things).id for _ in range(2)]
            return f"_id{self.random.choice(('', '', ':not'))}", ",".join(ids)
        if code == "_lastUpdated":
            at = self.random.choice(self.things).updated.isoformat(timespec="milliseconds")
            return code, self.random.choice(("", *PREFIXES)) + at[
                : self.random.choice((10, 19, 23))
            ]
        return self._parameter(kind, code)

    def _parameter(self, kind: str, code: str) -> Pair:
        if self.random.random() < 0.1:
            return f"{code}:missing", self.random.choice(("true", "false"))
        first = self._value(kind, code)
        mark, values = first[0], [first[1]]
        if self.random.random() < 0.25:
            again = self._value(kind, code)
            values += [again[1]] if again[0] == mark else []
        if (
            mark == ""
            and search_parameters(kind)[code].type == "token"
            and self.random.random() < 0.2
        ):
            mark = ":not"
        return f"{code}{mark}", ",".join(values)

    def _value(self, kind: str, code: str) -> tuple[str, str]:
        """Ask for what some resource holds; else, or at times, for anything."""
        nodes = self._focus[kind].nodes(code)
        if not nodes or self.random.random() < 0.3:
            nodes = [node for thing in self._of[kind] for node in thing.nodes(code)]
        found = asked(kind, code, self.random.choice(nodes), self.random) if nodes else []
        mark, text = (
            self.random.choice(found)
            if found and self.random.random() < 0.85
            else ("", self._anything(kind, code))
        )
        if search_parameters(kind)[code].type in _COMPARED and self.random.random() < 0.7:
            text = self.random.choice(("", *PREFIXES)) + text.removeprefix(
                text[:2] if text[:2] in PREFIXES else ""
            )
        elif self.random.random() < 0.08 and len(text) > 2:
            text = self.random.choice((text.swapcase(), text[:-1], text + "x"))
        return mark, text

    def _anything(self, kind: str, code: str) -> str:
        pick = self.random.choice
        definition = search_parameters(kind)[code]
        if definition.type == "composite":
            parts = [each.definition for each in definition.components]
            codes = {each.url: name for name, each in search_parameters(kind).items()}
            return "$".join(self._anything(kind, codes[part]) for part in parts)
        match definition.type:
            case "token":
                system = pick(("", "", *(f"{each}|" for each in (*SYSTEMS, ""))))
                has_systems = types_of(kind, code) & {
                    "Coding",
                    "CodeableConcept",
                    "Identifier",
                    "code",
                }
                return f"{system if has_systems else ''}{escaped(pick((*CODES, 'true')))}"
            case "string":
                return escaped(pick(WORDS))
            case "date":
                return pick((*DATES, *TIMES))
            case "number":
                return pick(NUMBERS)
            case "quantity":
                named, unit, _ = pick(UNITS)
                return pick(NUMBERS) + (f"|{named or ''}|{unit}" if unit else "")
            case "uri":
                return escaped(pick(URLS))
        return pick(
            (
                *(each.format("Patient") for each in ELSEWHERE if "#" not in each),
                f"{BASE}/Patient/pa0",
                "pa1",
            )
        )

    def _sort(self, codes: Sequence[str]) -> list[Pair]:
        if self.random.random() < 0.5:
            return []
        keys = self.random.sample(codes, min(self.random.choice((1, 1, 2, 3)), len(codes)))
        return [("_sort", ",".join(self.random.choice(("", "-")) + key for key in keys))]

    def _includes(self, kind: str) -> list[Pair]:
        found: list[Pair] = []
        while self.random.random() < 0.12 and len(found) < 3:
            again = ":iterate" if found else ""
            source = self.random.choice(list(MAKERS)) if found else kind
            if self._references[source] and self.random.random() < 0.6:
                code, targets = self.random.choice(self._references[source])
                only = f":{self.random.choice(targets)}" if self.random.random() < 0.3 else ""
                found.append((f"_include{again}", f"{source}:{code}{only}"))
            else:
                has = self._has(source)
                if has is not None:
                    found.append((f"_revinclude{again}", ":".join(has[0].split(":")[1:3])))
        return found


def _alike(kinds: Sequence[str]) -> list[str]:
    """Name the parameters that types share, each of one type, by which they can be sorted."""
    first, *others = (search_parameters(each) for each in kinds)
    return [
        code
        for code, each in first.items()
        if each.type not in {"composite", "special"}
        if all(code in other and other[code].type == each.type for other in others)
    ]


def _around(things: Sequence[Thing]) -> dict[tuple[str, str], list[Thing]]:
    """Find the resources to which each one refers, or that refer to it."""
    by_key = {each.key: each for each in things}
    found: dict[tuple[str, str], list[Thing]] = {each.key: [] for each in things}
    for thing in things:
        for kind, logical_id in _LINK.findall(str(thing.resource)):
            other = by_key.get((kind, logical_id))
            if other is not None:
                found[thing.key].append(other)
                found[other.key].append(thing)
    return found


def _references(kind: str) -> list[tuple[str, list[str]]]:
    """Find by which parameters a type refers to which types of the record."""
    found = []
    for code, each in search_parameters(kind).items():
        if each.type == "reference":
            targets = [name for name in each.targets or RESOURCE_TYPES if name in MAKERS]
            if "Reference" not in types_of(kind, code):
                targets = [name for name in targets if "version" in search_parameters(name)]
            if targets:
                found.append((code, targets))
    return found


def _raw(pairs: list[Pair]) -> str:
    return "&".join(f"{quote(name, safe=':')}={quote(text)}" for name, text in pairs)
