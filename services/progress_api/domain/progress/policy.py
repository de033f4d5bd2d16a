"""The policy by which progress is told, as data beside the code."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from shared.care.automatic import Policy
from shared.fhir.reader import read

_TOLD: Final[dict[str, Any]] = read((files(__package__) / "progress.json").read_bytes())

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
TREND_SCORES: Final[int] = _TOLD["trend"]["scores"]
TREND_PERCENT: Final[int] = _TOLD["trend"]["percentOfReliable"]
MOST_WEEKS: Final[int] = _TOLD["mostWeeks"]
# How far back is looked at where no episode says when the programme began.
LOOK_BACK_WEEKS: Final[int] = _TOLD["weeksWithoutEpisode"]
WEEKS_ON_THE_PAGE: Final[int] = _TOLD["weeksOnThePage"]
