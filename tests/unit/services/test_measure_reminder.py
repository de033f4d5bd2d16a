"""What a reminder of a measure says, and by when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.progress_api.domain.measures.reminder import reminder
from shared.fhir.validation import validate

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
TASK = {
    "resourceType": "Task",
    "id": "t",
    "restriction": {"period": {"start": "2026-03-02", "end": "2026-03-08"}},
}


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ({"code": {"text": "PHQ-9"}}, "PHQ-9"),
        ({"code": {"coding": [{"code": "measure"}]}}, "A measure"),
        ({}, "A measure"),
    ],
)
def test_a_reminder_names_the_measure_even_if_people_took_its_text_away(
    code: dict[str, Any], named: str
) -> None:
    made = reminder(TASK | code, "Patient/p", NOW, NOW + timedelta(days=3))

    [said] = made["payload"]
    assert said["contentString"].startswith(f"{named}: ")
    assert said["contentString"].endswith(" 2026-03-08.")
    assert validate(made) == []
