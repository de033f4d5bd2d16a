"""The policy by which attendance is counted, as data beside the code."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from typing import Any, Final

from shared.care.automatic import Policy
from shared.fhir.reader import read

_TOLD: Final[dict[str, Any]] = read((files(__package__) / "attendance.json").read_bytes())
_HOUR: Final = 3_600_000_000

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])
# In microseconds, as spans of time are.
LONGEST_VISIT: Final[int] = _TOLD["longestVisitHours"] * _HOUR
# By when the visits of a week are written down; what comes later amends it.
CLOSES_AFTER: Final = timedelta(days=_TOLD["closesAfterDays"])
