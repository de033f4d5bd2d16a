"""How yes and no come to a level of risk, as data."""

from __future__ import annotations

import msgspec


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
