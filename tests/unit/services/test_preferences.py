"""What a person prefers and what that makes of a template: nothing is dropped silently."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.plan_api.domain.activities import Ordered, Template, ordered
from services.plan_api.domain.application import canonical_of
from services.plan_api.domain.availability import busy_minutes, fitted
from services.plan_api.domain.kept_preferences import (
    PREFERENCE,
    SELF_REFERRAL,
    of_observation,
    of_patient,
    of_response,
)
from services.plan_api.domain.needs import Known
from services.plan_api.domain.preferences import (
    Preferences,
    Wishes,
    extensions,
    is_made_for,
    preferred,
)
from services.plan_api.templates import ACTIVITIES, OFFERS, TEMPLATES
from services.plan_api.templates.catalogue import SKILLS, TOPICS
from tests.unit.services.test_applied_plan import application

BY_ADDRESS = {canonical_of(each): each for each in ACTIVITIES}
BY_NAME = {each["id"]: each for each in TEMPLATES}
few = settings(max_examples=50, deadline=None)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONDAYS = {"repeat": {"dayOfWeek": ["mon"]}}
CONDITION = {"resourceType": "Condition", "id": "c"}
DEPRESSION = CONDITION | {
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "370143000"}]}
}
times = st.builds("{:02}:{:02}:00".format, st.integers(0, 23), st.integers(0, 59))
timings = st.builds(
    lambda days, starts, minutes: {
        "repeat": {
            "dayOfWeek": days,
            "timeOfDay": starts,
            "duration": minutes,
            "durationUnit": "min",
        }
    },
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    st.lists(times, min_size=1, max_size=2, unique=True),
    st.integers(1, 600),
)
wishes = st.fixed_dictionaries(
    {},
    optional={
        "session-time": st.sampled_from([["day"], ["evening"], ["night"]]),
        "work": st.lists(timings | st.sampled_from([True]), max_size=2),
        "school": st.lists(timings, max_size=1),
        "language": st.sampled_from([["en-US"], ["es"], ["fr"]]),
        "interpreter": st.sampled_from([[True], [False]]),
        "telehealth": st.sampled_from([[True], [False]]),
        "individual-therapy-as-needed": st.just([True]),
        "skill": st.lists(st.sampled_from(sorted(SKILLS)), unique=True),
        "topic": st.lists(st.sampled_from(sorted(TOPICS)), unique=True),
        "service": st.lists(st.sampled_from(sorted(OFFERS)), unique=True),
    },
)
knowns = st.builds(
    Known, conditions=st.sampled_from([(), (DEPRESSION,)]), languages=st.just(frozenset({"fr"}))
)


def made(template: dict[str, Any], asked: Preferences, known: Known | None = None) -> Ordered:
    return ordered(
        Template(template, "PlanDefinition/t/_history/1", BY_ADDRESS),
        application(preferences=asked),
        known or Known(),
    )


def service(part: dict[str, Any]) -> str:
    return str(part["code"]["coding"][-1]["code"])


@few
@given(st.sampled_from(sorted(BY_NAME)), wishes, knowns)
def test_every_action_is_in_the_plan_or_told(
    name: str, asked: dict[str, Any], known: Known
) -> None:
    found = made(BY_NAME[name], Preferences(asked), known)

    wanted = {each["id"] for each in BY_NAME[name]["action"] if each["requiredBehavior"] == "must"}
    wanted |= set(asked.get("service", ()))
    present = {service(each) for each in (*found.requests, *found.tasks)}
    told = {each.what for each in found.unmet}
    assert wanted <= present | told
    assert present - {"interpreting"} <= wanted


@few
@given(st.sampled_from(sorted(BY_NAME)), wishes, knowns)
def test_no_session_meets_a_time_that_is_taken(
    name: str, asked: dict[str, Any], known: Known
) -> None:
    preferences = Preferences(asked)
    taken = _grid([each for _, each in preferences.busy()])

    for request in made(BY_NAME[name], preferences, known).requests:
        timing = request.get("occurrenceTiming", {})
        if "timeOfDay" in timing.get("repeat", {}):
            assert not _grid([timing]) & taken
            assert timing["repeat"]["frequency"] == len(timing["repeat"]["dayOfWeek"])


@few
@given(st.sampled_from(sorted(BY_NAME)), wishes, knowns)
def test_each_wish_is_met_or_told(name: str, asked: dict[str, Any], known: Known) -> None:
    found = made(BY_NAME[name], Preferences(asked), known)

    present = {service(each): each for each in found.requests}
    told = {each.what: each.reason for each in found.unmet}
    if asked.get("session-time") == ["night"]:
        assert told["session-time"] == "no-such-track"
    if True in asked.get("work", ()):
        assert told["work"] == "times-not-known"
    if asked.get("interpreter") == [True]:
        assert "interpreting" in present
        assert ("interpreter" in told) == ("language" not in asked)
    elif asked.get("language") == ["es"]:
        assert ("interpreting" in present) != ("language" in told)
    if asked.get("telehealth") == [True]:
        here = {name for name, each in present.items() if "locationCode" not in each}
        assert {told[name] for name in here} <= {"not-by-telehealth"} | set(told.values())
        assert here <= told.keys()
    if "individual-therapy-as-needed" in asked:
        assert present["individual-therapy"]["asNeededBoolean"] is True


def test_a_wish_about_what_is_not_there_is_told() -> None:
    bare = {"resourceType": "PlanDefinition", "id": "x", "status": "draft", "action": []}
    asked = Preferences({"topic": ["coping"], "individual-therapy-as-needed": [True]})

    assert {(each.what, each.reason) for each in made(bare, asked).unmet} == {
        ("topic", "not-in-template"),
        ("individual-therapy-as-needed", "not-in-template"),
    }


def test_who_asks_for_interpreting_as_a_service_is_not_told_that_there_is_none() -> None:
    asked = Preferences({"language": ["es"], "interpreter": [False], "service": ["interpreting"]})
    found = made(BY_NAME["iop-adolescent"], asked)

    assert "interpreting" in {service(each) for each in found.requests}
    assert "language" not in {each.what for each in found.unmet}


def test_a_template_that_says_no_language_asks_for_no_interpreter() -> None:
    bare = {"resourceType": "PlanDefinition", "id": "x", "status": "draft", "action": []}

    [told] = made(bare, Preferences({"language": ["es"]})).unmet

    assert told.reason == "language-not-spoken"


@pytest.mark.parametrize(
    ("busy", "kept"),
    [
        ({}, None),
        ({"dayOfWeek": ["tue"]}, ["mon"]),
        ({"dayOfWeek": ["mon"], "timeOfDay": ["10:00:00"]}, ["mon", "tue"]),
        ({"dayOfWeek": ["mon"], "timeOfDay": ["09:59:00"]}, ["tue"]),
        ({"timeOfDay": ["08:00:00"], "duration": 1, "durationUnit": "h"}, ["mon", "tue"]),
        (
            {
                "dayOfWeek": ["sun"],
                "timeOfDay": ["22:00:00"],
                "duration": 12,
                "durationUnit": "h",
            },
            ["tue"],
        ),
    ],
)
def test_days_that_meet_a_taken_time_are_left_out(
    busy: dict[str, Any], kept: list[str] | None
) -> None:
    repeat = {"dayOfWeek": ["mon", "tue"], "timeOfDay": ["09:00:00"], "frequency": 2}
    session = {"repeat": repeat | {"duration": 60, "durationUnit": "min"}}

    fit = fitted(session, busy_minutes([("work", {"repeat": busy})]))

    assert (fit.timing["repeat"]["dayOfWeek"] if fit.timing else None) == kept
    assert (fit.because == ("work",)) == (kept != ["mon", "tue"])


@pytest.mark.parametrize(
    ("timing", "told"),
    [
        ({"code": {"text": "nights"}}, "nights"),
        ({"code": {"coding": [{"code": "AM"}]}, "repeat": {"dayOfWeek": ["mon"]}}, "mon AM"),
        ({"repeat": {"dayOfWeek": ["mon", "tue"], "when": ["NIGHT"]}}, "mon tue NIGHT"),
        ({"repeat": {"frequency": 5, "period": 1, "periodUnit": "wk"}}, "times not known"),
        ({"event": ["2026-03-02"]}, "times not known"),
        (MONDAYS, None),
        (MONDAYS | {"code": {"text": "days"}, "repeat": {"timeOfDay": ["09:00:00"]}}, None),
    ],
)
def test_a_time_that_nobody_can_read_meets_nothing_and_is_told(
    timing: dict[str, Any], told: str | None
) -> None:
    asked = Preferences({"work": [timing, MONDAYS], "school": [timing]})
    unread = ["work", "school"] if told else []

    assert asked.without_times() == unread
    assert asked.busy().count(("school", timing)) == (not told)
    assert ("work", MONDAYS) in asked.busy()
    if told:
        assert extensions(asked)[0]["valueString"] == f"work: {told}"
        unmet = {(each.what, each.reason) for each in made(BY_NAME["iop-adolescent"], asked).unmet}
        assert {("work", "times-not-known"), ("school", "times-not-known")} <= unmet


def test_a_session_whose_times_are_not_said_is_left_as_it_is() -> None:
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "wk"}}

    assert fitted(timing, busy_minutes([("work", {"repeat": {}})])).timing == timing


def test_what_is_stated_goes_before_what_was_kept() -> None:
    kept: list[Wishes] = [
        {"language": ["es"], "telehealth": [True]},
        {"language": ["fr"], "skill": []},
    ]

    wishes = preferred({"telehealth": [False]}, kept).wishes

    assert wishes == {"language": ["fr"], "telehealth": [False]}


@given(wishes, wishes)
def test_a_plan_says_what_it_was_made_for(asked: dict[str, Any], other: dict[str, Any]) -> None:
    plan = {"extension": extensions(preferred(asked, []))}

    assert is_made_for(plan, asked)
    assert is_made_for(plan | {"extension": extensions(preferred(other, [asked]))}, other)
    assert not is_made_for({}, {"topic": ["coping"]})


@pytest.mark.parametrize(
    ("extension", "needs"),
    [
        ({"valueBoolean": True}, True),
        ({"valueBoolean": False}, False),
        ({"url": "https://elsewhere.example/x", "valueBoolean": True}, False),
    ],
)
def test_a_patient_says_language_and_interpreter(extension: dict[str, Any], *, needs: bool) -> None:
    base = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
    coding = {"system": "urn:ietf:bcp:47", "code": "es"}
    patient = {
        "extension": [{"url": base} | extension],
        "communication": [
            {"language": {"text": "English"}},
            {"language": {"coding": [coding]}, "preferred": True},
        ],
    }

    assert of_patient(patient) == {"language": ["es"], "interpreter": [True] if needs else []}


def test_the_extension_of_us_core_counts_too() -> None:
    url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed"
    needed = {"url": url, "valueCoding": {"code": "373066001"}}

    assert of_patient({"extension": [needed]})["interpreter"] == [True]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"valueBoolean": True}, {"work": [True]}),
        (
            {"effectiveTiming": {"repeat": {"dayOfWeek": ["mon"]}}},
            {"work": [{"repeat": {"dayOfWeek": ["mon"]}}]},
        ),
        ({"status": "entered-in-error", "valueBoolean": True}, {}),
        ({"code": {"coding": [{"system": "http://loinc.org", "code": "work"}]}}, {}),
        ({"code": {"coding": [{"system": PREFERENCE, "code": "service"}]}}, {}),
        (
            {
                "code": {"coding": [{"system": PREFERENCE, "code": "session-time"}]},
                "valueCodeableConcept": {"coding": [{"code": "evening"}]},
            },
            {"session-time": ["evening"]},
        ),
        ({"valueString": "sometimes"}, {"work": []}),
        ({"valueCodeableConcept": {"coding": [{"code": "nights"}]}}, {"work": []}),
        ({"code": {"coding": [{"system": PREFERENCE}]}, "valueBoolean": True}, {}),
        (
            {"code": {"coding": [{"system": PREFERENCE, "code": "language"}]}}
            | {"valueBoolean": True},
            {"language": []},
        ),
    ],
)
def test_an_observation_keeps_a_preference(
    changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    kept = {"status": "final", "code": {"coding": [{"system": PREFERENCE, "code": "work"}]}}

    assert of_observation(kept | changes) == expected


def test_a_self_referral_keeps_preferences() -> None:
    topic = {"linkId": "topic", "answer": [{"valueCoding": {"code": "coping"}}]}
    inner = {"linkId": "telehealth", "answer": [{"valueBoolean": True}]}
    response = {
        "status": "completed",
        "questionnaire": f"{SELF_REFERRAL}|1.0",
        "item": [
            {"linkId": "why", "answer": [{"valueString": "x", "item": [inner]}]},
            {"linkId": "group", "item": [topic]},
        ],
    }

    assert of_response(response) == {"telehealth": [True], "topic": ["coping"]}
    assert of_response(response | {"status": "in-progress"}) == {}
    assert of_response(response | {"questionnaire": "https://elsewhere.example/q"}) == {}


def _grid(found: list[dict[str, Any]]) -> set[int]:
    """Mark each minute of a week that timings fill, one by one."""
    minutes = set()
    for timing in found:
        repeat = timing["repeat"]
        for day in repeat["dayOfWeek"]:
            for time in repeat["timeOfDay"]:
                start = DAYS.index(day) * 1440 + int(time[:2]) * 60 + int(time[3:5])
                minutes |= {(start + each) % 10080 for each in range(repeat["duration"])}
    return minutes
