"""What a handoff tells of measures and medicines: their course, and one list of them."""

from __future__ import annotations

from typing import Any

import pytest

from services.progress_api.domain.handoff import medications
from services.progress_api.domain.handoff.course import ONCE, Measure, course
from services.progress_api.domain.handoff.medications import Medicine, reconciled
from services.progress_api.domain.handoff.policy import LONGEST_LIST, SECTIONS
from services.progress_api.domain.handoff.sections import section
from services.progress_api.domain.handoff.summary import summary
from tests.unit.services.test_handoff import (
    READING,
    a_handoff,
    a_record,
    an_observation,
    clinical,
    shown,
)

Resource = dict[str, Any]


def score(name: str, value: int, days: float, text: str = "PHQ-9") -> Resource:
    return an_observation(name, "survey", days, text=text, valueQuantity={"value": value})


def change(before: str, after: str) -> Resource:
    named = [{"reference": f"Observation/{each}/_history/1"} for each in (before, after)]
    told = {"text": "Response"}
    return an_observation("c", "survey", 1, derivedFrom=named, valueCodeableConcept=told)


def test_a_measure_is_told_from_its_baseline_to_its_latest() -> None:
    scores = [score("late", 8, 1), score("first", 20, 40), score("base", 18, 30)]

    [plain] = course(scores, READING)
    [classified] = course([*scores, change("base", "late")], READING)

    assert plain == Measure("PHQ-9", "20 (2026-03-24)", "8 (2026-05-02)", "-12")
    assert classified == Measure("PHQ-9", "18 (2026-04-03)", "8 (2026-05-02)", "-10; Response")


def test_a_measure_that_is_dated_ahead_is_not_the_latest() -> None:
    scores = [score("now", 8, 0), score("first", 20, 40), score("ahead", 3, -0.01)]
    blood = [
        an_observation(name, "laboratory", at, text="TSH") for name, at in (("a", 1), ("b", 0))
    ]
    ahead = an_observation("c", "laboratory", -1, text="TSH")

    [told] = course(scores, READING)
    alone = course(scores[2:], READING)

    assert (told.latest.partition(" ")[0], alone) == ("8", [])
    assert shown(a_record(*blood, ahead), "30954-2") == ["b"]


def test_a_measure_that_was_taken_once_says_so() -> None:
    pulse = an_observation("pulse", "vital-signs", 1, valueQuantity={"value": 60})
    found = course([score("g", 5, 1, "GAD-7"), pulse], READING)

    assert [(each.name, each.change) for each in found] == [("GAD-7", ONCE)]


def ordered(dose: str | None = None, name: str = "Sertraline") -> Resource:
    doses = [{"text": dose}] if dose else []
    told = {"medicationCodeableConcept": {"text": name}, "dosageInstruction": doses}
    return {"resourceType": "MedicationRequest", "id": "m", "status": "active"} | told


def taken(dose: str | None = None, name: str = "sertraline") -> Resource:
    told = ordered(dose, name)
    doses = told.pop("dosageInstruction")
    return told | {"resourceType": "MedicationStatement", "id": "s", "dosage": doses}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([ordered("50 mg"), taken("50 mg")], medications.AGREE),
        ([ordered("50 mg"), taken()], medications.AGREE),
        ([ordered("50 mg"), taken("25 mg")], medications.OTHERWISE),
        ([ordered("50 mg")], medications.NOT_TAKEN),
        ([taken("50 mg")], medications.NOT_ORDERED),
    ],
)
def test_orders_and_what_is_taken_are_one_list(resources: list[Resource], expected: str) -> None:
    [medicine] = reconciled(resources)

    assert (medicine.name.casefold(), medicine.difference) == ("sertraline", expected)


def test_different_medicines_stay_apart_and_the_same_code_joins() -> None:
    code = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1"}]}
    zoloft: Resource = {"medicationCodeableConcept": code | {"text": "Zoloft"}}
    generic = {"medicationCodeableConcept": code | {"text": "Sertraline"}}
    found = reconciled([ordered("1") | zoloft, taken("2") | generic, ordered("3", "Lithium")])

    assert found == [Medicine("Lithium", "3", ""), Medicine("Zoloft", "1", "2")]


def test_plans_against_relapse_and_for_safety_have_parts_of_their_own() -> None:
    plan = {"resourceType": "CarePlan", "id": "r", "status": "active", "intent": "plan"}
    relapse = plan | {"category": [{"coding": [{"code": "relapse-prevention"}]}]}
    asked = next(each for each in SECTIONS if each.code == "18776-5")
    written = section(asked, a_record(relapse), {})

    prevention, safety, aftercare = written["section"]
    assert prevention["entry"] == written["entry"] == [{"reference": "CarePlan/r"}]
    for empty in (safety, aftercare):
        assert empty["emptyReason"]["coding"][0]["code"] == "unavailable"


def test_a_warning_in_force_goes_along_and_stands_on_the_first_page() -> None:
    warning = {"resourceType": "Flag", "id": "f", "status": "active", "code": {"text": "High risk"}}
    record = a_record(warning, warning | {"id": "over", "status": "inactive"})
    told = summary("Transfer summary", a_handoff(), record)
    asked = next(each for each in SECTIONS if each.code == "behavioral-health-summary")

    assert told[1:] == ["Warnings: High risk."]
    assert section(asked, record, {})["entry"] == [{"reference": "Flag/f"}]


def test_the_first_page_stays_a_page() -> None:
    conditions = [clinical("Condition", f"C{n}", "active") for n in range(100)]
    record = a_record(*conditions, score("o", 5, 1), ordered("50 mg"))
    told = summary("Transfer summary", a_handoff("To work."), record)

    assert told[1:] == [
        "To work.",
        f"Problems: {', '.join(f'C{n}' for n in range(LONGEST_LIST))}, and 92 more.",
        f"Measures: PHQ-9: 5 (2026-05-02) → 5 (2026-05-02), {ONCE}.",
        f"Medicines: Sertraline ({medications.NOT_TAKEN}).",
    ]
