"""What goes to a partner, as data beside the code."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from typing import Any, Final

from shared.care.automatic import Policy
from shared.fhir.reader import read

OF: Final[dict[str, Any]] = read((files(__package__) / "exchange.json").read_bytes())
POLICY: Final = Policy(OF["name"], OF["version"], OF["title"])
UNANSWERED: Final = timedelta(days=OF["unansweredDays"])
