"""Makes further people of a template: new ids, shifted days, scaled values, redrawn names; pure.

The same copy of the same template is the same every time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.population.templates import Template

# Odd, so that it maps the copies one to one onto numbers of 32 bits.
_STRIDE: Final = 0x9E3779B1
_DAYS: Final = 5 * 365


@dataclass(frozen=True, slots=True)
class Hand:
    """What is the same in all resources of one person, or of one practitioner, of one copy."""

    copy: int
    days: int
    scale: float
    offset: int
    family: str
    given: str


def cloned_id(logical_id: str, copy: int) -> str:
    """Rename: the first copy keeps its ids; the same again gives the old id back."""
    return f"{_turned(logical_id[:8], copy)}{logical_id[8:]}"


class Cloner:
    """Fills templates; `names` are the families and the given names to draw from."""

    def __init__(self, families: Sequence[str], given: Sequence[str]) -> None:
        self._families, self._given = families, given
        self._hand = lru_cache(maxsize=100_000)(self._drawn)

    def clone(self, template: Template, copy: int) -> str:
        """Write one copy of a template as JSON; copy 0 is the template itself."""
        if not copy:
            return template.text
        hand = self._hand(copy, template.person, "" if template.person else template.key.id)
        parts = list(template.literals)
        for at, (kind, text) in enumerate(template.holes):
            parts[at] += _FILLERS[kind](text, hand)
        return "".join(parts)

    def _drawn(self, copy: int, person: str, own: str) -> Hand:
        chance = random.Random(f"{copy} {person}{own}")
        return Hand(
            copy=copy,
            days=chance.randint(-_DAYS, _DAYS) if person else 0,
            scale=chance.uniform(0.8, 1.2),
            offset=copy * 7919 + chance.randrange(1000) * 1_000_003 if person else copy * 7919,
            family=_redrawn(chance.choice(self._families), chance),
            given=_redrawn(chance.choice(self._given), chance),
        )


def _redrawn(name: str, chance: random.Random) -> str:
    # Names of the export end with a number.
    return f"{name.rstrip('0123456789')}{chance.randrange(1000)}"


def _turned(digits: str, copy: int) -> str:
    return f"{int(digits, 16) ^ (copy * _STRIDE & 0xFFFFFFFF):08x}"


@lru_cache(maxsize=200_000)
def _shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _scaled(number: str, hand: Hand) -> str:
    return f"{float(number) * hand.scale:.{len(number.partition('.')[2])}f}"


def _renumbered(text: str, hand: Hand) -> str:
    old = "".join(filter(str.isdigit, text))
    new = iter(f"{(int(old) + hand.offset) % 10 ** len(old):0{len(old)}d}")
    return "".join(next(new) if each.isdigit() else each for each in text)


_FILLERS: Final = {
    "id": lambda text, hand: _turned(text, hand.copy),
    "date": lambda text, hand: _shifted(text, hand.days),
    "number": _scaled,
    "digits": _renumbered,
    "family": lambda _, hand: hand.family,
    "given": lambda _, hand: hand.given,
}
