"""What an instrument is, as data: items with their answers, scores, and terms of use.

An item's code is its linkId; it is a LOINC code where one is verified, and one of ours elsewhere.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, Literal

import msgspec

from shared.care.instruments.risk_rule import RiskRule  # noqa: TC001 - msgspec reads it
from shared.care.instruments.score import LOINC, Finding, Score

# Whether the texts of the items are those of the instrument, topics of ours, or topics of ours in
# the place of texts that need a licence.
Wording = Literal["carried", "topics", "held"]

# What follows an instrument's version in that of a user's own copy.
OWN_COPY: Final = "-own-copy"


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that may be given, and what it counts; it may stand for a range of `numbers`."""

    code: str
    display: str
    value: int
    system: str = LOINC
    numbers: tuple[int, int] | None = None


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question by its topic, and its text if that is carried; `options` names its answers.

    What the record knows already may be `prefilled` by an expression.
    """

    code: str
    topic: str
    options: str
    number: str = ""
    system: str = LOINC
    text: str | None = None
    prefilled: str | None = None


class Skip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Items that are not asked, and count nothing, where all of `when` were answered with zero."""

    when: tuple[str, ...]
    zero: tuple[str, ...]


class Screening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The item that asks for a suicide screen, when it counts so much or is missing."""

    item: str
    least: int


class Instrument(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True, rename="camel"
):
    """An instrument; `questionnaires` are the canonicals under which it is answered.

    Items that are `observed` are worth an Observation of their own; `unscored` are codes of others
    that look like items, with the reason why they count nothing.
    """

    name: str
    title: str
    version: str
    questionnaires: tuple[str, ...]
    description: str
    recall: str
    licence: str
    attribution: str
    allowed_use: str
    wording: Wording
    source: str
    options: dict[str, tuple[Option, ...]]
    items: tuple[Item, ...]
    panel: str | None = None
    category: str | None = None
    lead: str | None = None
    unscored: dict[str, str] = {}
    skips: tuple[Skip, ...] = ()
    scores: tuple[Score, ...] = ()
    findings: tuple[Finding, ...] = ()
    observed: tuple[str, ...] = ()
    screening: Screening | None = None
    risk: RiskRule | None = None

    @cached_property
    def by_code(self) -> dict[str, Item]:
        """Give the items by their codes."""
        return {item.code: item for item in self.items}

    def version_answered(self, questionnaire: str | None) -> str:
        """Tell in which version it was answered: the one that is said, or else today's.

        Only versions of ours are told apart; whoever loads the wording of today's asks in it.
        """
        url, _, said = (questionnaire or "").partition("|")
        said = said.removesuffix(OWN_COPY)
        return said if said and url == self.questionnaires[0] else self.version

    def options_of(self, item: str) -> tuple[Option, ...]:
        """List the answers that an item takes."""
        return self.options[self.by_code[item].options]

    def is_counted(self, item: str) -> bool:
        """Tell whether the answers of an item are numbers, which count as they are."""
        return all(each.numbers == (each.value, each.value) for each in self.options_of(item))

    def option(self, item: str, value: int) -> Option:
        """Give the option of an item that counts so much."""
        return next(option for option in self.options_of(item) if option.value == value)
