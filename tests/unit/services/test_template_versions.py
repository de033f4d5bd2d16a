"""What templates and instruments say is pinned to their versions: other content, other version.

Plans name the version that they were made by, and scores that of what was asked, so nobody may
change what it said.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

from services.plan_api.templates import LIBRARY
from services.progress_api.questionnaires import QUESTIONNAIRES
from shared.fhir.writer import canonical

PINNED: Final[dict[str, str]] = json.loads(
    Path(__file__).with_name("template_versions.json").read_text()
)
TYPES: Final = frozenset({"PlanDefinition", "ActivityDefinition"})


def test_nothing_has_changed_under_its_version() -> None:
    templates = [each for each in LIBRARY if each["resourceType"] in TYPES]
    told = {
        f"{each['resourceType']}/{each['id']}|{each['version']}": hashlib.sha256(
            canonical(each)
        ).hexdigest()[:16]
        for each in (*templates, *QUESTIONNAIRES)
    }
    assert len(templates) > 20
    assert told == PINNED, "raise the version of what has changed, and pin it beside this test"
