"""What counts as a disagreement of a plan with the record, as data beside the code."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from shared.care.automatic import Policy
from shared.fhir.reader import read

TOLD: Final[dict[str, Any]] = read((files(__package__) / "plan_and_record.json").read_bytes())
POLICY: Final = Policy(TOLD["name"], TOLD["version"], TOLD["title"])
KINDS: Final[dict[str, dict[str, str]]] = TOLD["kinds"]
