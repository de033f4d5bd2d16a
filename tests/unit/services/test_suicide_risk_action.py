"""What each suicide risk calls for, and what becomes of its Task when it is corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.progress_api.domain.suicide_risk_action import (
    Stated,
    action_of,
    followed,
    is_action,
    request,
    states_risk,
)
from shared.care.canonical import code_system

Resource = dict[str, Any]
AT = "2026-03-05T12:00:00.000Z"
HIGH, MODERATE, LOW = "LA9193-9", "LA6751-7", "LA9194-7"
OURS = code_system("suicide-risk")


def value(code: str, system: str = "http://loinc.org") -> Resource:
    return {"valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}


def risk(answer: str = LOW, **changes: object) -> Resource:
    return {
        "resourceType": "Observation",
        "id": "o",
        "meta": {"versionId": "2"},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "93374-7"}]},
        **value(answer),
        **changes,
    }


def unknown(highest: str) -> Resource:
    """A risk that missing answers leave open, up to a highest one."""
    end = {"code": {"coding": [{"system": OURS, "code": "highest"}]}, **value(highest)}
    return risk() | value("unknown", OURS) | {"component": [end]}


def stated(observation: Resource, patient_id: str = "p") -> Stated:
    return Stated(observation, patient_id, date(2026, 3, 5), AT)


def task(observation: Resource, patient_id: str = "p") -> Resource:
    told = stated(observation, patient_id)
    assert told.action is not None
    made: Resource = request(told, told.action)["entry"][0]["resource"]
    return made | {"id": "t", "meta": {"versionId": "1"}}


@pytest.mark.parametrize(
    ("observation", "code"),
    [
        (risk(MODERATE), "safety-evaluation"),
        (risk(LOW), "safety-plan"),
        (unknown(MODERATE), "safety-evaluation"),
        (unknown(LOW), "safety-plan"),
        (risk(HIGH), None),
        (unknown(HIGH), None),
        (risk("none"), None),
        (risk(LOW, status="preliminary"), None),
        (risk(LOW, status="entered-in-error"), None),
        (risk(LOW, code={"coding": [{"system": "http://loinc.org", "code": "44261-6"}]}), None),
    ],
)
def test_each_risk_calls_for_its_own(observation: Resource, code: str | None) -> None:
    action = action_of(observation)

    assert (action["code"] if action else None) == code


@pytest.mark.parametrize(
    ("observation", "priority", "end", "words"),
    [
        (risk(MODERATE), "asap", "2026-03-05", "shows a moderate"),
        (unknown(MODERATE), "asap", "2026-03-05", "does not rule out a moderate"),
        (risk(LOW), "routine", "2026-03-12", "shows a low"),
    ],
)
def test_a_task_says_by_when_and_why(
    observation: Resource, priority: str, end: str, words: str
) -> None:
    told = task(observation)

    assert is_action(told)
    assert states_risk(observation)
    assert (told["priority"], told["restriction"]["period"]) == (priority, {"end": end})
    assert words in told["description"]
    assert told["focus"] == {"reference": "Observation/o"}
    assert told["for"] == {"reference": "Patient/p"}


def test_the_same_risk_asks_once_and_another_anew() -> None:
    causes = [task(each)["identifier"] for each in (risk(), risk(status="amended"), risk(MODERATE))]

    assert causes[0] == causes[1] != causes[2]
    assert task(risk(), "other")["identifier"] != causes[0]


@pytest.mark.parametrize(
    "now", [stated(risk(MODERATE)), stated(risk(status="entered-in-error")), None]
)
def test_a_task_is_withdrawn_with_its_risk_and_comes_back_with_it(now: Stated | None) -> None:
    told = task(risk())
    assert followed(told, stated(risk(status="amended")), "Observation/o/_history/2", AT) is None

    bundle = followed(told, now, "Observation/o/_history/2", AT)
    assert bundle is not None
    gone = bundle["entry"][0]["resource"]
    assert gone["status"] == "cancelled"
    assert bundle["entry"][0]["request"]["ifMatch"] == 'W/"1"'
    assert followed(gone, now, "Observation/o/_history/3", AT) is None
    again = followed(gone, stated(risk()), "Observation/o/_history/3", AT)
    assert again is not None
    assert again["entry"][0]["resource"] == told


def test_what_was_recorded_of_somebody_else_is_withdrawn() -> None:
    moved = replace(stated(risk()), patient_id="other")

    assert followed(task(risk()), moved, "Observation/o/_history/2", AT) is not None


def test_a_task_of_nobody_is_not_what_a_risk_calls_for() -> None:
    asked = task(risk())
    assert stated(risk()).calls_for(asked)
    assert not stated(risk()).calls_for({k: v for k, v in asked.items() if k != "for"})


def test_what_people_have_done_is_left_to_them() -> None:
    done = task(risk()) | {"status": "completed"}

    assert followed(done, None, "Observation/o/_history/2", AT) is None
