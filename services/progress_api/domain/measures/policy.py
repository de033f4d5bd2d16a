"""The policy by which measures fall due, as data beside the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final, Literal

from shared.care.automatic import Policy
from shared.care.canonical import CANONICAL
from shared.fhir.reader import read

Phase = Literal["programme", "aftercare"]

_OLDEST: Final = 1000


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


Rhythms = Mapping[Phase, Rhythm]


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why an instrument is asked of some only: a plan of a template, or a condition.

    A condition is `system|code`, and `F10*` every code that begins so.
    """

    templates: frozenset[str]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often an instrument is asked, and of whom; without `grounds` of all of an age."""

    instrument: Instrument
    rhythms: Rhythms
    from_age: int
    below_age: int
    grounds: Grounds | None


def _rhythm(told: dict[str, Any]) -> Rhythm:
    return Rhythm(
        told["startsAfterDays"], told["intervalDays"], told["windowDays"], told.get("periodDays")
    )


def _grounds(told: dict[str, Any]) -> Grounds | None:
    if "templates" not in told:
        return None
    templates = (f"{CANONICAL}/PlanDefinition/{each}" for each in told["templates"])
    return Grounds(frozenset(templates), tuple(told["conditions"]))


def _schedule(told: dict[str, Any]) -> Schedule:
    return Schedule(
        Instrument(told["questionnaire"], told["title"]),
        _RHYTHMS[told["rhythm"]],
        told.get("fromAge", 0),
        told.get("belowAge", _OLDEST),
        _grounds(told),
    )


_TOLD: Final[dict[str, Any]] = read((files(__package__) / "measures.json").read_bytes())
_RHYTHMS: Final[dict[str, Rhythms]] = {
    name: {"programme": _rhythm(told["programme"]), "aftercare": _rhythm(told["aftercare"])}
    for name, told in _TOLD["rhythms"].items()
}

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
SCHEDULES: Final = tuple(map(_schedule, _TOLD["schedules"]))
# How long an answer that was given in its window may still arrive before it counts as missed.
GRACE: Final = timedelta(days=_TOLD["graceDays"])
# On which day of a window, the first being 1, who has not answered is reminded.
REMIND_ON_DAY: Final[int] = _TOLD["remindOnDay"]
# Who does not say how old they are is asked as somebody of this age.
ADULT: Final[int] = _TOLD["adultAge"]
# The rhythm of what everybody is asked.
RHYTHMS: Final = SCHEDULES[0].rhythms
