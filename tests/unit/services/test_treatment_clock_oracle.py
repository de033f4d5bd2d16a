"""The clocks as in IET and TRC against a brute-force calendar, on every day of a year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake_api.domain.follow_up import following
from services.intake_api.domain.follow_up.course import Evidence, course_of
from services.intake_api.domain.follow_up.starting import starts
from services.intake_api.domain.follow_up.visits import Calendar
from tests.unit.services.clock_oracle import MIND, SELF, SUBSTANCE, Happened
from tests.unit.services.happenings import (
    ABOUT_MIDNIGHT,
    CLASSES,
    DAYS,
    NEW_YORK,
    ZONES,
    about_midnights,
    encounter,
    midnight,
)
from tests.unit.services.treatment_oracle import CARE, expected

INSURED = {
    "resourceType": "Coverage",
    "status": "active",
    "type": {"coding": [{"system": "https://nahdo.org/sopt", "code": "111"}]},
}
DOCUMENTS = {"summary": "18842-5", "medications": "10160-0"}
CHANGES_OF_TIME = [date(2026, 3, 8), date(2026, 11, 1)]
HOUR = timedelta(hours=1)


def document(told: Happened) -> dict[str, Any]:
    about = {"encounter": [{"reference": f"Encounter/{told.about}"}]} if told.about else {}
    return {
        "resourceType": "DocumentReference",
        "id": told.name,
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": DOCUMENTS[told.kind]}]},
        "date": told.start.isoformat(),
        "context": about,
    }


def found(
    told: list[Happened], zone: ZoneInfo, born: str = "1980-05-04"
) -> dict[tuple[str, str], str]:
    """What the product makes of it: each clock's status, with its reason or by what."""
    evidence = Evidence(
        {"birthDate": born},
        [encounter(each) for each in told if each.kind in CLASSES],
        coverages=[INSURED],
        others=[document(each) for each in told if each.kind in DOCUMENTS],
        first_told={
            f"Encounter/{each.about}": each.start.isoformat()
            for each in told
            if each.kind == "notice"
        },
    )
    course = course_of(evidence, Calendar(zone, ()))
    by_id = {each.id: each for each in starts(course)}
    standing = {}
    for each in by_id.values():
        if not each.window.code.startswith(("iet-", "trc-")):
            continue
        verdict = following.verdict(each.task("Patient/p", "2026-01-01"), course, by_id)
        names = [name.partition("/")[2] for name in verdict.by]
        said = " ".join([verdict.status, *filter(None, [verdict.reason]), *names])
        standing[each.trigger.reference.partition("/")[2], each.window.code] = said
    return standing


def agree(*told: Happened) -> None:
    assert found([*told], NEW_YORK) == expected([*told], NEW_YORK)


def visit(name: str, moment: datetime, diagnosis: str | None = None) -> Happened:
    return Happened(name, "visit", moment, moment, diagnosis)


def stay(end: datetime, diagnosis: str | None = MIND) -> Happened:
    return Happened("t", "stay", end - 3 * timedelta(days=1), end, diagnosis)


def initiated(begun: datetime) -> None:
    """Have somebody diagnosed, and seen again about each midnight that could matter."""
    first = visit("t", begun, SUBSTANCE)
    for moment in about_midnights(begun, (0, 1, 13, 14), NEW_YORK):
        agree(first, visit("v", moment))


def engaged(begun: datetime) -> None:
    """Have treatment begun on the day of a diagnosis, one more visit, and about when another."""
    first, same_day = visit("t", begun, SUBSTANCE), visit("a", begun)
    second = visit("b", begun + timedelta(days=5))
    for moment in about_midnights(begun, (0, 1, 34, 35), NEW_YORK):
        agree(first, same_day, second, visit("c", moment))


def handed_out(end: datetime) -> None:
    """Have the papers of a discharge come about each midnight that could matter."""
    left = stay(end)
    for moment in about_midnights(end, (0, 1, 3, 30, 31), NEW_YORK):
        agree(left, *(Happened(each, each, moment, moment) for each in DOCUMENTS))


def admission_told(began: datetime) -> None:
    """Have an admission told about each midnight that could matter."""
    inside = Happened("t", "stay", began, None, MIND)
    for moment in about_midnights(began, (0, 1, 3), NEW_YORK):
        agree(inside, Happened("n", "notice", moment, moment, about="t"))


STORIES = [initiated, engaged, handed_out, admission_told]


@pytest.mark.parametrize("story", STORIES)
def test_every_day_of_a_year_agrees_with_the_calendar(story: Any) -> None:  # noqa: ANN401
    for day in DAYS:
        story(midnight(day, NEW_YORK) + ABOUT_MIDNIGHT[day.toordinal() % 3])


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("day", CHANGES_OF_TIME, ids=["23 h", "25 h"])
def test_windows_across_the_change_of_time_agree(story: Any, day: date) -> None:  # noqa: ANN401
    for before in (0, 1, 2, 3, 13, 14, 30, 34):
        for minutes in ABOUT_MIDNIGHT:
            story(midnight(day - timedelta(days=before), NEW_YORK) + minutes)


@pytest.mark.parametrize("days", range(34))
@pytest.mark.parametrize("diagnosis", [MIND, SELF, SUBSTANCE, None])
def test_readmissions_on_every_day_agree(days: int, diagnosis: str | None) -> None:
    end = midnight(date(2026, 3, 1), NEW_YORK) + 20 * HOUR
    began = midnight(date(2026, 3, 1) + timedelta(days=days), NEW_YORK) - timedelta(minutes=1)
    papers = [
        Happened(each, each, end + timedelta(days=1), end, about=about)
        for each, about in (("summary", "t"), ("medications", None))
    ]
    seen = [visit(name, end + timedelta(days=count)) for name, count in (("v", 4), ("w", 9))]
    for over in (None, began + timedelta(days=2)):
        again = Happened("again", "stay", began, over, diagnosis)
        for others in ([], papers, seen):
            agree(stay(end), again, *others)
            agree(stay(end, SUBSTANCE), again, *others)
            agree(visit("s", end, SUBSTANCE), again, *others)


@pytest.mark.parametrize("days", [1, 193, 194, 195, 196])
def test_a_diagnosis_begins_an_episode_where_none_came_before(days: int) -> None:
    for minutes in ABOUT_MIDNIGHT:
        later = midnight(date(2026, 9, 20), NEW_YORK) + minutes
        before = midnight(date(2026, 9, 20) - timedelta(days=days), NEW_YORK)
        agree(visit("a", before, SUBSTANCE), visit("b", later, SUBSTANCE))


def test_treatment_that_begins_at_a_minute_to_midnight_begins_on_that_day() -> None:
    diagnosed = datetime(2026, 2, 3, 4, 59, tzinfo=UTC)
    told = visit("t", diagnosed, SUBSTANCE)
    in_time = visit("v", diagnosed + timedelta(days=13))
    too_late = visit("v", diagnosed + timedelta(days=13, minutes=1))

    assert found([told, in_time], NEW_YORK)["t", "iet-initiation"] == "completed v"
    assert found([told, too_late], NEW_YORK)["t", "iet-initiation"] == "requested"


def test_the_papers_of_a_discharge_may_come_on_its_day() -> None:
    end = datetime(2026, 3, 3, 4, 59, tzinfo=UTC)
    same_day = Happened("s", "summary", end, end)
    day_before = Happened("s", "summary", end - 24 * HOUR, end)

    information = "t", "trc-discharge-information"
    assert found([stay(end), same_day], NEW_YORK)[information] == "completed s"
    assert found([stay(end), day_before], NEW_YORK)[information] == "requested"


@pytest.mark.parametrize(
    ("born", "measures"),
    [
        ("2013-03-02", {"iet"}),
        ("2013-03-03", set()),
        ("2008-03-02", {"iet", "trc"}),
        ("2008-03-03", {"iet"}),
    ],
    ids=["13 that day", "12 still", "18 that day", "17 still"],
)
def test_who_is_too_young_on_the_day_has_no_clock(born: str, measures: set[str]) -> None:
    end = datetime(2026, 3, 3, 4, 59, tzinfo=UTC)
    same_day = Happened("t", "stay", end - HOUR, end, SUBSTANCE)
    assert {code.partition("-")[0] for _, code in found([same_day], NEW_YORK, born)} == measures


@st.composite
def lives(draw: st.DrawFn) -> list[Happened]:
    """Some weeks of somebody's life, with papers and notices of it."""
    told: list[Happened] = []
    for index in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from([*CARE, *DOCUMENTS, "notice"]))
        start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(
            days=draw(st.integers(0, 60)), minutes=draw(st.integers(0, 1439))
        )
        stays = [each.name for each in told if each.kind == "stay"]
        if kind == "notice" and not stays:
            kind = "visit"
        lasts = timedelta(days=draw(st.integers(0, 9)), minutes=draw(st.integers(0, 1439)))
        end = start + (lasts if kind == "stay" else HOUR)
        told.append(
            Happened(
                f"e{index}",
                kind,
                start,
                None if kind == "stay" and draw(st.booleans()) else end,
                draw(st.sampled_from([MIND, SUBSTANCE, None])) if kind in CARE else None,
                _about(draw, kind, stays),
            )
        )
    return told


def _about(draw: st.DrawFn, kind: str, stays: list[str]) -> str | None:
    if kind in CARE or not stays:
        return None
    named = draw(st.sampled_from(stays))
    return named if kind == "notice" or draw(st.booleans()) else None


@settings(max_examples=200)
@given(lives(), st.sampled_from(ZONES), st.randoms(use_true_random=False))
def test_any_life_agrees_in_whatever_order_it_is_told(
    told: list[Happened],
    name: str,
    chance: Any,  # noqa: ANN401 - hypothesis's Random
) -> None:
    zone = ZoneInfo(name)
    # The first notice of a stay is the one that counts, so each stay gets one.
    told = list({(e.kind, e.about) if e.kind == "notice" else e.name: e for e in told}.values())
    shuffled = [*told]
    chance.shuffle(shuffled)

    assert found(told, zone) == expected(told, zone) == found(shuffled, zone)
