"""What an instrument is, as data: items, options, scores with bands and change, and a risk.

An item's code is its LOINC code and its linkId. An instrument may have several scores.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import msgspec

LOINC = "http://loinc.org"


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that may be given, and what it counts."""

    code: str
    display: str
    value: int


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question by its topic; `options` names the list of its answers."""

    code: str
    topic: str
    options: str


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A range of a score, both ends included, and what it is called."""

    code: str
    label: str
    min: int
    max: int


class ChangeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as change of a score.

    `reliable` are points, `response` is a percentage of the baseline, and a score on the better
    side of `remission` is one.
    """

    code: str
    display: str
    better: Literal["lower", "higher"]
    reliable: int
    response: int
    remission: int


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sum of items; up to `prorates` of them may be missing."""

    code: str
    display: str
    items: tuple[str, ...]
    max: int
    bands: tuple[Band, ...]
    prorates: int = 0
    change: ChangeRule | None = None

    def band(self, value: int) -> Band:
        """Name the band in which a value lies."""
        return next(band for band in self.bands if band.min <= value <= band.max)


class RiskAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that says a level of risk."""

    system: str
    code: str
    display: str


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level of risk, and the items any of which brings it; one without items is the last."""

    name: str
    yes: tuple[str, ...]
    answer: RiskAnswer


class Implied(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one answer says about other items."""

    item: str
    answered: int
    implies: int
    of: tuple[str, ...]


class RiskRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How yes and no come to a level; the levels go from the highest to the lowest."""

    code: str
    display: str
    levels: tuple[Level, ...]
    implied: tuple[Implied, ...]


class Screening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The item that asks for a suicide screen, when it counts so much or is missing."""

    item: str
    least: int


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """An instrument; `questionnaires` are the canonicals under which it is answered.

    Items that are `observed` are worth an Observation of their own.
    """

    name: str
    title: str
    version: str
    questionnaires: tuple[str, ...]
    panel: str
    recall: str
    licence: str
    source: str
    options: dict[str, tuple[Option, ...]]
    items: tuple[Item, ...]
    scores: tuple[Score, ...] = ()
    observed: tuple[str, ...] = ()
    screening: Screening | None = None
    risk: RiskRule | None = None

    @cached_property
    def by_code(self) -> dict[str, Item]:
        """Give the items by their codes."""
        return {item.code: item for item in self.items}

    def option(self, item: str, value: int) -> Option:
        """Give the option of an item that counts so much."""
        options = self.options[self.by_code[item].options]
        return next(option for option in options if option.value == value)
