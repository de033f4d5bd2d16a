"""During the programme: the same decision reads as readiness to step down, or need to step up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from services.intake_api.domain.level_of_care.guidance import guidance
from shared.care.canonical import code_system
from tests.unit.services.level_of_care import (
    HIGH,
    LOW,
    assessed,
    concept,
    condition,
    episode,
    everything_judged,
    evidence,
    observation,
    risk,
    score,
    stay,
)

if TYPE_CHECKING:
    from services.intake_api.domain.level_of_care.evidence import Evidence
    from services.intake_api.domain.level_of_care.kleene import Truth

AT = "2026-03-10T12:00:00.000Z"
MEASURE, CHANGE = code_system("measure"), code_system("change")


def change(measure: str, to: str, **elements: object) -> Evidence:
    given = {"valueCodeableConcept": concept(CHANGE, to), **elements}
    return observation(f"{measure}-{to}", concept(MEASURE, f"{measure}-change"), **given)


def sessions(*statuses: str, service: str = "group-therapy") -> list[Evidence]:
    """Sessions of the last days, one a day, the last status the newest."""
    kind = [concept(code_system("service"), service)]
    return [
        evidence(
            "Appointment",
            f"a{day}",
            status=status,
            serviceType=kind,
            start=f"2026-03-0{day}T09:00:00Z",
        )
        for day, status in enumerate(statuses, start=1)
    ]


def value(criterion: str, *pool: Evidence) -> Truth:
    [told] = (each for each in assessed(*pool).criteria if each.criterion == criterion)
    return told.value


def told(*pool: Evidence) -> dict[str, Any]:
    parameters = assessed(*pool).parameters
    return {each["name"]: each.get("valueCode", each.get("valueReference")) for each in parameters}


def judged(**changes: bool | None) -> list[Evidence]:
    return everything_judged(**changes)


@pytest.mark.parametrize(
    ("pool", "outcome", "reading"),
    [
        (judged(), "recommend-iop", "continue"),
        (judged(EXC_24H=True), "higher", "step-up-needed"),
        (judged(CAP_GROUP=False), "recommend-iop-with-conditions", "continue-with-conditions"),
        (judged(EXC_IMMINENT=None), "insufficient-information", "not-decided"),
        ([], "insufficient-information", "not-decided"),
    ],
)
def test_each_outcome_reads_as_what_it_means_in_the_programme(
    pool: list[Evidence], outcome: str, reading: str
) -> None:
    before, during = told(*pool), told(*pool, episode())

    assert (before["outcome"], before["phase"], "reading" in before) == (outcome, "entry", False)
    assert (during["outcome"], during["phase"]) == (outcome, "programme")
    assert during["reading"] == reading
    assert during["episode"] == {"reference": "EpisodeOfCare/e1/_history/3"}


@pytest.mark.parametrize("status", ["planned", "waitlist", "finished", "cancelled"])
def test_who_only_waits_or_has_left_is_not_in_the_programme(status: str) -> None:
    assert told(episode(status))["phase"] == "entry"


def test_who_is_better_and_safe_is_ready_to_step_down() -> None:
    needs = ("SUD", "STEPDOWN", "STEPUP", "PREVENT_HIGHER", "RELAPSE_SKILL", "COPING")
    others = {f"IND_{each}": False for each in needs} | {"EXC_DETOX": False, "EXC_24H": False}
    by_hand = {"IND-MH", "IND-DETERIORATION", "IND-PSYCHOSOCIAL", "EXC-IMMINENT"}
    spoken = [e for e in judged(**others) if e.reference.partition("judged-")[2] not in by_hand]
    measured = [
        condition("http://snomed.info/sct", "370143000"),
        score("44261-6", 3),
        change("phq-9", "remission"),
        change("gad-7", "remission"),
        observation("w", concept(MEASURE, "who-5-score"), valueInteger=76),
        risk(LOW),
    ]

    decided = told(*spoken, *measured, episode())
    assert (decided["outcome"], decided["reading"]) == ("lower", "step-down-ready")
    assert told(*spoken, *measured)["outcome"] == "recommend-iop"


def test_one_measure_in_remission_is_not_enough() -> None:
    ill = condition("http://snomed.info/sct", "370143000")
    both = [change("phq-9", "remission"), change("gad-7", "no-reliable-change")]

    assert value("IND-MH", ill, both[0], episode()) is False
    assert value("IND-MH", ill, *both, episode()) is True
    assert value("IND-MH", ill, both[0]) is True
    assert value("IND-MH", ill, both[0], score("44261-6", 12), episode()) is True


@pytest.mark.parametrize(
    ("changes", "deteriorates"),
    [
        ([change("phq-9", "response"), change("gad-7", "remission")], False),
        ([change("phq-9", "response"), change("gad-7", "no-reliable-change")], None),
        ([change("phq-9", "reliable-worsening")], True),
        ([change("phq-9", "response", effectiveDateTime="2026-01-01")], None),
        ([], None),
    ],
)
def test_the_course_of_the_measures_tells_of_deterioration(
    changes: list[Evidence], deteriorates: Truth
) -> None:
    assert value("IND-DETERIORATION", *changes, episode()) is deteriorates


@pytest.mark.parametrize(
    ("statuses", "takes_part"),
    [
        (("fulfilled", "fulfilled", "arrived"), True),
        (("fulfilled", "noshow", "noshow", "noshow"), False),
        (("noshow", "fulfilled", "fulfilled", "fulfilled"), True),
        (("fulfilled", "noshow", "fulfilled"), None),
        (("noshow", "noshow"), None),
        (("noshow", "cancelled", "noshow", "noshow"), False),
        ((), None),
    ],
)
def test_attendance_tells_of_taking_part(statuses: tuple[str, ...], takes_part: Truth) -> None:
    attended = sessions(*statuses)

    assert value("CAP-MOTIV-PART", *attended, episode()) is takes_part
    assert value("CAP-MOTIV-PART", *attended) is None


def test_what_is_no_session_of_the_programme_tells_nothing() -> None:
    missed = sessions("noshow", "noshow", "noshow", service="tms")

    assert value("CAP-MOTIV-PART", *missed, episode()) is None


@pytest.mark.parametrize(("points", "has_issues"), [(50, True), (51, None), (0, True)])
def test_well_being_tells_of_lasting_difficulties(points: int, has_issues: Truth) -> None:
    told = observation("w", concept(MEASURE, "who-5-score"), valueInteger=points)

    assert value("IND-PSYCHOSOCIAL", told) is has_issues


def test_good_well_being_speaks_against_them_in_the_programme_only() -> None:
    well = observation("w", concept(MEASURE, "who-5-score"), valueInteger=80)

    assert value("IND-PSYCHOSOCIAL", well) is None
    assert value("IND-PSYCHOSOCIAL", well, episode()) is False


@pytest.mark.parametrize(
    ("route", "criterion"),
    [("step-down", "IND-STEPDOWN"), ("step-up", "IND-STEPUP"), ("direct", "IND-DIRECT")],
)
@pytest.mark.parametrize("status", ["planned", "waitlist", "active"])
def test_the_route_on_the_episode_is_evidence(route: str, criterion: str, status: str) -> None:
    routes = {"IND-STEPDOWN", "IND-STEPUP", "IND-DIRECT"}

    assert {each: value(each, episode(status, route)) for each in routes} == {
        each: True if each == criterion else None for each in routes
    }
    assert value(criterion, episode("cancelled", route)) is None


def test_a_stay_is_cited_before_the_route() -> None:
    cited = assessed(stay(), episode("planned", "step-down")).evidence

    assert cited == ("Encounter/stay/_history/3",)


def test_the_episode_is_among_what_a_decision_rests_on() -> None:
    assert assessed(episode()).evidence == ("EpisodeOfCare/e1/_history/3",)
    assert assessed(episode("planned")).evidence == ()


def test_the_narrative_says_what_it_means_in_the_programme() -> None:
    during = guidance(assessed(*judged(EXC_24H=True), episode()), "p1", AT)
    before = guidance(assessed(*judged(EXC_24H=True)), "p1", AT)

    assert "step up" in during["text"]["div"]
    assert "step up" not in before["text"]["div"]


def test_a_risk_of_the_screener_still_counts_in_the_programme() -> None:
    assert told(risk(HIGH), episode())["reading"] == "step-up-needed"
