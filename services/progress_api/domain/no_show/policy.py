"""The policy of what follows when a person does not come, as data beside the code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final

from shared.care.automatic import Policy
from shared.fhir.reader import read


@dataclass(frozen=True, slots=True)
class Step:
    """One attempt to reach a person: how many days after the one before, and by when."""

    code: str
    title: str
    priority: str
    after_days: int
    due_in_days: int


@dataclass(frozen=True, slots=True)
class Question:
    """When it is asked whether a plan is still right.

    After so many sessions missed in a row, or when fewer than so many percent of at least
    `of_sessions` within some days were attended; not again for `quiet_days`.
    """

    consecutive: int
    percent: int
    of_sessions: int
    within_days: int
    quiet_days: int


def _step(told: dict[str, Any]) -> Step:
    days = told["afterDays"], told["dueInDays"]
    return Step(told["code"], told["title"], told["priority"], *days)


_TOLD: Final[dict[str, Any]] = read((files(__package__) / "no_show.json").read_bytes())
_ASKED: Final = _TOLD["question"]

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
STEPS: Final = tuple(map(_step, _TOLD["steps"]))
# What came of an attempt that needs no further one.
ENDED_BY: Final = frozenset(_TOLD["endedBy"])
MISSED: Final[int] = _TOLD["riskReview"]["missed"]
WITHIN_DAYS: Final[int] = _TOLD["riskReview"]["withinDays"]
QUESTION: Final = Question(
    _ASKED["consecutive"],
    _ASKED["rateBelowPercent"],
    _ASKED["ofSessions"],
    _ASKED["withinDays"],
    _ASKED["quietDays"],
)
DUE_IN_DAYS: Final[dict[str, int]] = {
    "risk-review": _TOLD["riskReview"]["dueInDays"],
    "make-up": _TOLD["makeUp"]["dueInDays"],
    "level-of-care-question": _ASKED["dueInDays"],
}
# What is told later than this of a missed session asks for nothing any more.
TOO_LATE_AFTER: Final = timedelta(days=_TOLD["tooLateAfterDays"])
