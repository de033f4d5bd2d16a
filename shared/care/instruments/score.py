"""How answers come to numbers, as data: scores with bands and change, and findings."""

from __future__ import annotations

from typing import Literal

import msgspec

LOINC = "http://loinc.org"


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A range of a score, both ends included, and what it is called; a `positive` one is a flag."""

    code: str
    label: str
    min: int
    max: int
    positive: bool = False


class ChangeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What counts as change of a score.

    `reliable` are points, `response` is a percentage of the baseline or `response_points` are
    points, and a score on the better side of `remission` is one.
    """

    code: str
    display: str
    better: Literal["lower", "higher"]
    reliable: int
    response: int | None = None
    remission: int | None = None
    response_points: int | None = None
    source: str = ""


class Confirm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to say where all points of a score come from one item."""

    item: str
    text: str


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A sum of items, so many `times`; up to `prorates` of them may be missing.

    Bands may differ `by_sex`, which `sex_item` may ask; the others hold where it is not known.
    """

    code: str
    display: str
    items: tuple[str, ...]
    max: int
    bands: tuple[Band, ...] = ()
    prorates: int = 0
    change: ChangeRule | None = None
    system: str = LOINC
    times: int = 1
    by_sex: dict[str, tuple[Band, ...]] = {}
    sex_item: str | None = None
    confirm: Confirm | None = None

    def band(self, value: int, sex: str | None = None) -> Band | None:
        """Name the band in which a value lies; None where a score has no bands."""
        bands = self.by_sex.get(sex or "", self.bands)
        return next((band for band in bands if band.min <= value <= band.max), None)


class Needed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of some items must count enough."""

    items: tuple[str, ...]
    number: int


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is found where of each group enough items count at least so much."""

    code: str
    display: str
    least: int
    needed: tuple[Needed, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """List all items that it looks at."""
        return tuple(item for each in self.needed for item in each.items)
