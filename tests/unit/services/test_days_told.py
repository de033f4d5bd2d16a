"""Every page tells a moment by the programme's own day, and a month or a year as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.intake_api.domain.level_of_care import narrative as decision_page
from services.intake_api.domain.level_of_care.assessment import assess
from services.intake_api.domain.level_of_care.library import DEFAULT
from services.plan_api.domain import own_page, plan_page
from services.plan_api.domain.needs import Known
from services.plan_api.domain.plan_page import Parts
from services.progress_api.domain.handoff.summary import summary
from services.progress_api.domain.measure_change import Window
from services.progress_api.domain.progress import page as progress_page
from services.progress_api.domain.progress.progress import Evidence, Place, progress
from services.progress_api.domain.progress.told import Days, Told
from shared.fhir.dates import told_day
from tests.unit.care.own_plans import relapse_plan
from tests.unit.services.level_of_care import NOW, judgement
from tests.unit.services.test_handoff import a_handoff, a_record

NEW_YORK = ZoneInfo("America/New_York")
# Still the first of March in New York.
NIGHT = "2026-03-02T03:30:00Z"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        (NIGHT, "2026-03-01"),
        ("2026-03-01T22:30:00.250-05:00", "2026-03-01"),
        ("2026-03-02", "2026-03-02"),
        ("2026-03", "2026-03"),
        ("2026", "2026"),
    ],
)
def test_a_moment_is_told_by_its_local_day(text: str, day: str) -> None:
    assert told_day(text, NEW_YORK) == day


def test_a_plan_s_page_tells_from_when_it_is_and_when_it_was_revised() -> None:
    plan = {"period": {"start": NIGHT}, "note": [{"time": NIGHT, "text": "One hour more."}]}
    parts = Parts((), (), (), ())
    told = plan_page.page(plan, Known(), parts, day=date(2026, 4, 1), zone=NEW_YORK)["div"]

    assert "From 2026-03-01." in told
    assert "2026-03-01: One hour more." in told


def test_a_page_of_a_person_s_own_plan_tells_its_days() -> None:
    told = own_page.page(relapse_plan(NIGHT), NEW_YORK)["div"]

    assert "2026-03-01" in told
    assert "2026-03-02" not in told


def test_a_decision_tells_of_which_day_its_evidence_is() -> None:
    judged = judgement("IND-MH", value=True, effectiveDateTime=NIGHT)
    moment = replace(NOW, zone=NEW_YORK)
    told = decision_page.narrative(assess(DEFAULT, [judged], moment))

    assert f"{judged.versioned} of 2026-03-01" in told


def test_progress_tells_the_day_of_a_score() -> None:
    score = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
        "effectiveDateTime": NIGHT,
        "valueQuantity": {"value": 12},
    }
    place = Place(datetime(2026, 3, 20, tzinfo=UTC), NEW_YORK, ())
    evidence = Evidence("p", [Told("Observation/o/_history/1", score)], Window(0, 1))
    told = progress_page.page(progress(evidence, Days(date(2026, 3, 1), date(2026, 3, 9)), place))

    assert "12 on 2026-03-01" in told


def test_a_handoff_tells_since_when_somebody_was_in_the_programme() -> None:
    handed = a_handoff()
    handed = replace(handed, episode=handed.episode | {"period": {"start": NIGHT}})

    assert ", since 2026-03-01." in summary("Transfer summary", handed, a_record())[0]
