"""The policy by which measures fall due, as data beside the code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final, Literal

from shared.care.automatic import Policy
from shared.fhir.reader import read

Phase = Literal["programme", "aftercare"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is asked: the id of a Questionnaire, and what people call it."""

    questionnaire: str
    title: str


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a phase asks: days until the first window, between windows, and in each one.

    `period_days` is how long the phase goes on; None as long as it lasts.
    """

    starts_after_days: int
    interval_days: int
    window_days: int
    period_days: int | None


def _rhythm(told: dict[str, Any]) -> Rhythm:
    return Rhythm(
        told["startsAfterDays"], told["intervalDays"], told["windowDays"], told.get("periodDays")
    )


_TOLD: Final[dict[str, Any]] = read((files(__package__) / "measures.json").read_bytes())

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
INSTRUMENTS: Final = tuple(
    Instrument(each["questionnaire"], each["title"]) for each in _TOLD["instruments"]
)
# How long an answer that was given in its window may still arrive before it counts as missed.
GRACE: Final = timedelta(days=_TOLD["graceDays"])
RHYTHMS: Final[dict[Phase, Rhythm]] = {
    "programme": _rhythm(_TOLD["programme"]),
    "aftercare": _rhythm(_TOLD["aftercare"]),
}
