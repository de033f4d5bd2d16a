"""The policy of signals and early warnings, as data beside the code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final

from shared.care.automatic import Policy
from shared.care.weekly_hours import POLICIES
from shared.fhir.reader import read


@dataclass(frozen=True, slots=True)
class Rule:
    """A sign of relapse: from which value of which Observations, and whether it asks for a look."""

    kind: str
    title: str
    codes: frozenset[str]
    least: int
    proposes: bool


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
