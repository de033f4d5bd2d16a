"""The policy of signals and early warnings, as data beside the code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import Policy
from shared.care.required_hours import policies_of
from shared.care.weekly_hours import POLICIES, HoursPolicy
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Rule:
    """A sign of relapse: from which value of which Observations, and whether it asks for a look."""

    kind: str
    title: str
    codes: frozenset[str]
    least: int
    proposes: bool


def hours_policy(plans: Iterable[JsonObject], age: int | None) -> HoursPolicy:
    """Choose by which policy the hours of a person are short: the strictest of their plans' own.

    Only those count that ask for hours delivered, and of people of that age.
    """
    named = frozenset().union(*map(policies_of, plans))
    known = (each for each in POLICIES if each.name in named and each.tested == "delivered")
    about_them = (each for each in known if each.applies(age))
    return max(about_them, key=lambda each: each.minimum, default=HOURS)


def _rule(told: dict[str, Any]) -> Rule:
    codes = frozenset(told["codes"])
    return Rule(told["kind"], told["title"], codes, told["least"], told["proposes"])


_TOLD: Final[dict[str, Any]] = read((files(__package__) / "early_warning.json").read_bytes())

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
RULES: Final = tuple(map(_rule, _TOLD["signs"]))
REVIEW_POINT: Final = timedelta(days=_TOLD["noResponse"]["afterDays"])
NO_RESPONSE: Final = frozenset(_TOLD["noResponse"]["classes"])
HOURS: Final = next(each for each in POLICIES if each.name == _TOLD["hoursShort"]["policy"])
SHORT_WEEKS: Final[int] = _TOLD["hoursShort"]["weeks"]
SUICIDE_RISK: Final = frozenset(_TOLD["suicideRisk"])
RELAPSE_WITHIN: Final = timedelta(days=_TOLD["relapse"]["withinDays"])
HIGH_WITH: Final = frozenset(_TOLD["relapse"]["highWith"])
HIGH_FROM: Final[int] = _TOLD["relapse"]["highFrom"]
DROP_OUT_WITHIN: Final = timedelta(days=_TOLD["dropOut"]["withinDays"])
