"""The series of a score against an oracle apart from it, and the numbers around it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress_api.domain.measure_change import Window
from services.progress_api.domain.progress.answer import answer
from services.progress_api.domain.progress.attendance import Attendance
from services.progress_api.domain.progress.progress import Evidence, Place, progress
from services.progress_api.domain.progress.series import Series, series
from services.progress_api.domain.progress.told import Days, Told, days
from shared.care.canonical import code_system
from shared.care.instruments.registry import score_of
from shared.fhir.dates import date_range
from shared.fhir.errors import Malformed
from shared.fhir.validation import validate

NEW_YORK = ZoneInfo("America/New_York")
FIRST = date(2026, 2, 1)
# By hand: better side, reliable points, response in percent or points, cut of remission.
RULES: dict[str, tuple[str, int, int | None, int | None, int | None]] = {
    "44261-6": ("lower", 6, 50, None, 5),
    "70274-6": ("lower", 4, 50, None, 5),
    "101698-9": ("lower", 15, None, None, None),
    "who-5-score": ("higher", 10, None, None, None),
    "isi-score": ("lower", 6, None, 8, 8),
}
# A day, the points or None, whether it was extended, and who answered.
Row = tuple[int, int | None, bool, str]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.one_of(st.none(), st.integers(0, 27)),
        st.booleans(),
        st.sampled_from(["Patient/p", "Patient/p", "RelatedPerson/r"]),
    ),
    max_size=8,
    unique_by=lambda row: row[0],
)


def observation(code: str, row: Row) -> Told:
    at, points, is_extended, who = row
    known = score_of(code)
    assert known is not None
    method = {"system": code_system("instrument"), "version": "1.0", "code": known[0].name}
    told: dict[str, Any] = {
        "resourceType": "Observation",
        "id": f"o{at}",
        "status": "final",
        "code": {"coding": [{"system": known[1].system, "code": code}]},
        "subject": {"reference": "Patient/p"},
        "performer": [{"reference": who}],
        "effectiveDateTime": (FIRST + timedelta(days=at)).isoformat(),
        "method": {"coding": [method | {"display": known[0].recall}]},
    }
    if points is not None:
        told["valueQuantity"] = {"value": points}
        if is_extended:
            coding = {"system": code_system("measure"), "code": "prorated"}
            told["component"] = [{"code": {"coding": [coding]}, "valueBoolean": True}]
    return Told(f"Observation/o{at}/_history/1", told)


def window(until: int) -> Window:
    low = date_range(FIRST.isoformat(), NEW_YORK)[0]
    return Window(low, date_range((FIRST + timedelta(days=until)).isoformat(), NEW_YORK)[0])


def a_series(code: str, rows: list[Row], until: int = 15) -> Series:
    known = score_of(code)
    assert known is not None
    observations = [observation(code, row) for row in rows]
    return series(*known, observations, window=window(until), zone=NEW_YORK)


def classified(code: str, before: int, points: int) -> tuple[str, int]:
    """The oracle: the class of a change, by hand."""
    better, reliable, percent, in_points, cut = RULES[code]
    gain = before - points if better == "lower" else points - before
    if gain <= -reliable:
        return "reliable-worsening", gain
    if cut is not None and points < cut <= before:
        return "remission", gain
    is_half = percent is not None and gain > 0 and gain / before >= percent / 100
    if is_half or (in_points is not None and gain >= in_points):
        return "response", gain
    return "reliable-improvement" if gain >= reliable else "no-reliable-change", gain


def expected(code: str, rows: list[Row], until: int) -> dict[int, tuple[str, int | None]]:
    """The oracle: what each day's score counts as."""
    whole = [row for row in sorted(rows) if row[1] is not None and not row[2]]
    intake = [row for row in whole if row[0] < until]
    told: dict[int, tuple[str, int | None]] = {}
    for day, points, is_extended, who in sorted(rows):
        if points is None:
            told[day] = ("no-value", None)
        elif is_extended:
            told[day] = ("prorated", None)
        elif not intake:
            told[day] = ("no-baseline", None)
        elif day == intake[0][0]:
            told[day] = ("is-baseline", None)
        elif who.split("/")[0] != intake[0][3].split("/")[0]:
            told[day] = ("not-comparable", None)
        else:
            told[day] = classified(code, intake[0][1] or 0, points)
    return told


@given(code=st.sampled_from(sorted(RULES)), rows=ROWS, until=st.integers(1, 30), data=st.data())
def test_every_score_is_judged_as_by_hand_in_any_order(
    code: str, rows: list[Row], until: int, data: st.DataObject
) -> None:
    found = a_series(code, data.draw(st.permutations(rows)), until)
    told = {}
    for point in found.points:
        judged = found.judged(point)
        name, delta = (
            (judged, None) if isinstance(judged, str) else (judged.classified, judged.delta)
        )
        told[int(point.told.content["id"][1:])] = (str(name), delta)

    assert told == expected(code, rows, until)
    assert found.baseline is None or not found.baseline.told.content.get("component")


@pytest.mark.parametrize("code", ["44261-6"])
def test_a_story_of_12_17_12_is_no_reliable_change(code: str) -> None:
    found = a_series(code, [(0, 12, False, "Patient/p"), (7, 17, False, "Patient/p")])
    later = a_series(code, [*[(n, t, False, "Patient/p") for n, t in ((0, 12), (7, 17), (14, 12))]])

    for told, delta in ((found, -5), (later, 0)):
        assert told.latest is not None
        judged = told.judged(told.latest)
        assert not isinstance(judged, str)
        assert (judged.classified, judged.delta) == ("no-reliable-change", delta)
    assert (found.trend, later.trend) == ("unknown", "steady")


@pytest.mark.parametrize(
    ("code", "totals", "trend"),
    [
        ("44261-6", (12, 17, 12), "steady"),
        ("44261-6", (12, 11, 9), "improving"),
        ("44261-6", (12, 11, 10), "steady"),
        ("44261-6", (3, 20, 18, 23), "worsening"),
        ("who-5-score", (40, 44, 48), "improving"),
        ("who-5-score", (48, 44, 40), "worsening"),
        ("44261-6", (12, 9), "unknown"),
    ],
)
def test_the_trend_looks_at_the_last_three(code: str, totals: tuple[int, ...], trend: str) -> None:
    rows: list[Row] = [(7 * n, total, False, "Patient/p") for n, total in enumerate(totals)]

    assert a_series(code, rows).trend == trend


def test_a_score_without_a_rule_is_not_classified() -> None:
    found = a_series("55758-7", [(0, 2, False, "Patient/p"), (7, 6, False, "Patient/p")])

    assert [found.judged(each) for each in found.points] == ["no-rule", "no-rule"]
    assert found.trend == "unknown"


@given(came=st.integers(0, 200), missed=st.integers(0, 200), untold=st.integers(0, 9))
def test_the_rate_is_of_what_is_told(came: int, missed: int, untold: int) -> None:
    found = Attendance(came, missed, untold)

    assert found.offered == came + missed + untold
    if came + missed == 0:
        assert found.percent is None
    else:
        assert found.percent is not None
        assert abs(found.percent - 100 * came / (came + missed)) <= 0.5


def test_a_page_and_parameters_of_weeks_where_the_clocks_change_are_valid() -> None:
    period = {"start": "2026-03-08T01:00:00-05:00", "end": "2026-03-08T04:00:00-04:00"}
    visit = {
        "resourceType": "Encounter",
        "id": "v",
        "status": "finished",
        "class": {"code": "AMB"},
        "appointment": [{"reference": "Appointment/a"}],
        "period": period,
    }
    booked = {"resourceType": "Appointment", "id": "a", "status": "fulfilled", **period}
    score = observation("44261-6", (20, 12, False, "Patient/p"))
    told = [score, Told("Encounter/v/_history/1", visit), Told("Appointment/a/_history/1", booked)]
    place = Place(datetime(2026, 3, 20, tzinfo=UTC), NEW_YORK, ())

    evidence = Evidence("p", told, window(30))
    found = progress(evidence, Days(date(2026, 3, 1), date(2026, 3, 15)), place)

    assert [each.week.first.isoformat() for each in found.weeks] == [
        "2026-02-23",
        "2026-03-02",
        "2026-03-09",
    ]
    assert (found.attendance.attended, found.attendance.missed) == (1, 0)
    written = answer(found)
    assert validate(written) == []
    assert "is the baseline" not in str(written["parameter"][-1]["resource"]["text"])


@pytest.mark.parametrize(
    ("minutes", "points"), [(-24 * 60, [12]), (-1, [12]), (0, [12, 20]), (1, [12, 20])]
)
def test_what_is_dated_ahead_is_told_when_it_comes(minutes: int, points: list[int]) -> None:
    comes = datetime(2026, 2, 20, 15, 30, tzinfo=UTC)
    now = comes + timedelta(minutes=minutes)
    ahead = observation("44261-6", (19, 20, False, "Patient/p"))
    ahead = Told(ahead.versioned, ahead.content | {"effectiveDateTime": comes.isoformat()})
    told = [observation("44261-6", (0, 12, False, "Patient/p")), ahead]
    asked = Days(date(2026, 2, 1), date(2026, 2, 28))

    found = progress(Evidence("p", told, window(30)), asked, Place(now, NEW_YORK, ()))

    [measures] = found.measures
    [series] = measures.series
    assert [each.value for each in series.points] == points
    assert series.latest is not None
    assert series.latest.value == points[-1]


def test_the_only_score_that_is_dated_ahead_is_no_baseline_yet() -> None:
    told = [observation("44261-6", (19, 20, False, "Patient/p"))]
    asked = Days(date(2026, 2, 1), date(2026, 2, 28))
    place = Place(datetime(2026, 2, 10, tzinfo=UTC), NEW_YORK, ())

    assert progress(Evidence("p", told, window(30)), asked, place).measures == ()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("2026-03-02", "2026-03-01"), "end must not be before start"),
        (("2026", None), "start must be a day"),
        (("2020-01-01", "2026-03-01"), "106 weeks"),
    ],
)
def test_a_period_that_cannot_be_is_refused(given: tuple[str, str | None], says: str) -> None:
    with pytest.raises(Malformed, match=says):
        days(given, None, FIRST)


def test_a_period_goes_from_the_admission_to_today_and_is_never_too_long() -> None:
    assert days((None, None), date(2026, 1, 5), FIRST) == Days(date(2026, 1, 5), FIRST)
    assert days((None, None), None, FIRST) == Days(FIRST - timedelta(weeks=12), FIRST)
    assert days((None, None), date(1990, 1, 1), FIRST).first == FIRST - timedelta(weeks=106)
    assert days((None, "2025-12-01"), date(2026, 1, 5), FIRST).first == date(2025, 12, 1)
