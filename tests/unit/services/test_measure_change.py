"""The changes that a person's scores show, whatever order they come in."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress_api.domain import measure_change
from services.progress_api.domain.extraction import extraction
from services.progress_api.domain.measure_change import Window
from shared.care.canonical import code_system
from shared.care.instruments.registry import score_of
from shared.fhir.dates import date_range
from shared.fhir.validation import validate
from tests.journey.answering import PHQ_9, response

ZONE = ZoneInfo("America/New_York")
PERSON = {"reference": "Patient/p1"}
DAY = 86_400_000_000
ALWAYS = Window(-(2**62), 2**62)
MEASURE = code_system("measure")


def score(total: int, day: int, **changes: object) -> dict[str, Any]:
    counts: dict[str, int | None] = {
        code: min(3, max(0, total - 3 * at)) for at, code in enumerate(PHQ_9)
    }
    sent = response("phq-9", PERSON, f"2026-03-{day:02}", counts)
    found = next(iter(extraction(sent, ()).results()))
    told = found | changes
    return {name: value for name, value in told.items() if value is not None}


def changes(*scores: dict[str, Any], window: Window = ALWAYS) -> list[dict[str, Any]]:
    known = score_of("44261-6")
    assert known is not None
    assert known[1].change is not None
    return list(measure_change.changes(known[1].change, scores, window, ZONE))


def when(text: str) -> int:
    return date_range(text, ZONE)[0]


@given(totals=st.lists(st.integers(0, 27), min_size=1, max_size=8), data=st.data())
def test_each_later_score_shows_one_change_in_any_order(
    totals: list[int], data: st.DataObject
) -> None:
    scores = [score(total, day) for day, total in enumerate(totals, start=1)]
    found = changes(*data.draw(st.permutations(scores)))

    assert len(found) == len(totals) - 1
    told = {each["id"]: each for each in found}
    for later, total in zip(scores[1:], totals[1:], strict=True):
        change = told[measure_change.change_id(later["id"])]
        assert validate(change) == []
        assert change["component"][0]["valueQuantity"]["value"] == totals[0] - total
        assert [each["reference"] for each in change["derivedFrom"]] == [
            f"Observation/{scores[0]['id']}",
            f"Observation/{later['id']}",
        ]


@pytest.mark.parametrize(
    "unlike",
    [
        {"status": "entered-in-error"},
        {"status": "preliminary"},
        {"method": None},
        {"effectiveDateTime": None},
        {"valueQuantity": None, "dataAbsentReason": {"text": "unknown"}},
        {"valueQuantity": {"value": "12.5"}},
        {"performer": [{"reference": "RelatedPerson/r1"}]},
        {"performer": None},
        {
            "component": [
                {
                    "code": {
                        "coding": [{"system": MEASURE, "code": "prorated"}],
                    },
                    "valueBoolean": True,
                }
            ]
        },
    ],
)
def test_what_is_not_like_the_baseline_shows_no_change(unlike: dict[str, Any]) -> None:
    assert changes(score(20, 1), score(6, 8, **unlike)) == []
    assert changes(score(20, 1, **unlike), score(6, 8)) == []


def test_the_version_of_an_instrument_must_be_the_same() -> None:
    later = score(6, 8)
    [coding] = later["method"]["coding"]
    other = later | {"method": {"coding": [coding | {"version": "2.0"}]}}

    assert len(changes(score(20, 1), later)) == 1
    assert changes(score(20, 1), other) == []


def test_a_score_without_a_baseline_shows_no_change() -> None:
    window = Window(when("2026-03-02"), when("2026-03-05"))

    assert changes(score(20, 1), score(12, 8), window=window) == []
    [change] = changes(score(20, 1), score(18, 3), score(12, 8), window=window)
    assert change["component"][0]["valueQuantity"]["value"] == 6


@pytest.mark.parametrize(
    ("episode", "opened", "admitted"),
    [
        ({}, "2026-03-10T12:00:00Z", "2026-03-10T12:00:00Z"),
        ({"period": {"start": "2026-03-01"}}, "2026-03-01", "2026-03-01"),
        (
            {
                "period": {"start": "2026-03-05"},
                "statusHistory": [
                    {"status": "planned", "period": {"start": "2026-02-20"}},
                    {"status": "active", "period": {"start": "2026-03-05"}},
                ],
            },
            "2026-02-20",
            "2026-03-05",
        ),
        (
            {"statusHistory": [{"status": "planned", "period": {"end": "2026-02-20"}}]},
            "2026-03-10T12:00:00Z",
            "2026-03-10T12:00:00Z",
        ),
    ],
)
def test_the_window_of_a_baseline_reaches_from_the_opening_to_after_the_admission(
    episode: dict[str, Any], opened: str, admitted: str
) -> None:
    window = measure_change.baseline_window(episode, "2026-03-10T12:00:00Z", ZONE)

    assert window == Window(when(opened) - DAY, when(admitted) + 14 * DAY)


def test_an_open_end_of_the_calendar_is_no_trouble() -> None:
    for year in ("0001", "9999-12-31"):
        measure_change.baseline_window({"period": {"start": year}}, "2026-03-10", ZONE)
