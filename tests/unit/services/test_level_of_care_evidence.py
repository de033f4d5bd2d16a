"""What value a criterion has: judged by a clinician, or derived from evidence by the set's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from services.intake_api.domain.level_of_care.library import DEFAULT
from services.intake_api.domain.level_of_care.valuation import (
    CRITERION,
    JUDGED,
    NOTHING,
    needed,
)
from shared.care.canonical import code_system
from shared.fhir.reader import read
from tests.unit.services.level_of_care import (
    BASES,
    HIGH,
    LOINC,
    LOW,
    MODERATE,
    concept,
    condition,
    flag,
    judgement,
    observation,
    referral,
    risk,
    score,
    stay,
    value_of,
)

if TYPE_CHECKING:
    from services.intake_api.domain.level_of_care.evidence import Evidence
    from services.intake_api.domain.level_of_care.kleene import Truth

TEN = "2026-03-09T10:00:00Z"
SNOMED, ICD = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"


@pytest.mark.parametrize("criterion", [each.id for each in DEFAULT.criteria])
@pytest.mark.parametrize("value", [True, False, None])
def test_what_a_clinician_judges_is_the_value(criterion: str, value: Truth) -> None:
    told = value_of(criterion, judgement(criterion, value=value))

    assert (told.value, told.basis) == (value, JUDGED)
    assert [each.versioned for each in told.pieces] == [
        f"Observation/judged-{criterion}/_history/3"
    ]


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "preliminary"},
        {"status": "entered-in-error"},
        {"performer": None},
        {"performer": [{"reference": "Patient/p1"}]},
        {"performer": [{"reference": "https://elsewhere.example/fhir/Practitioner/7"}]},
        {"performer": [{"display": "Practitioner/7"}]},
        {"code": concept("https://elsewhere.example", "CAP-GROUP")},
        {"code": concept(CRITERION, "CAP-LEARN")},
    ],
)
def test_what_no_clinician_stands_by_is_no_value(elements: dict[str, Any]) -> None:
    told = value_of("CAP-GROUP", judgement("CAP-GROUP", value=True, **elements))

    assert (told.value, told.basis, told.pieces) == (None, NOTHING, ())


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "amended"},
        {"status": "corrected"},
        {"performer": [{"reference": "http://127.0.0.1:8000/fhir/Practitioner/7"}]},
        {"performer": [{"reference": "Patient/p1"}, {"reference": "Practitioner/7"}]},
    ],
)
def test_what_a_clinician_stands_by_in_other_words_counts(elements: dict[str, Any]) -> None:
    assert value_of("CAP-GROUP", judgement("CAP-GROUP", value=True, **elements)).value is True


def test_the_latest_judgement_counts_whenever_it_was_written_down() -> None:
    later = judgement("CAP-GROUP", value=False, effectiveDateTime="2026-03-08", id="a")
    earlier = judgement(
        "CAP-GROUP", value=True, effectiveDateTime="2026-03-07", updated="2026-03-10T00:00:00.000Z"
    )

    assert value_of("CAP-GROUP", later, earlier).value is False
    assert value_of("CAP-GROUP", earlier, later).value is False


def test_of_judgements_of_one_day_the_one_written_last_counts() -> None:
    first = judgement("CAP-GROUP", value=True, effectiveDateTime="2026-03-08T10:00:00Z")
    last = judgement(
        "CAP-GROUP",
        value=None,
        effectiveDateTime="2026-03-08",
        updated="2026-03-09T10:00:00.000Z",
    )

    assert value_of("CAP-GROUP", first, last).value is None
    assert value_of("CAP-GROUP", last, first).value is None


def test_a_judgement_outweighs_what_is_derived() -> None:
    depressed = condition(SNOMED, "370143000")

    assert value_of("IND-MH", depressed).value is True
    assert value_of("IND-MH", depressed, judgement("IND-MH", value=False)).value is False
    assert value_of("IND-MH", depressed, judgement("IND-MH", value=None)).value is None


@pytest.mark.parametrize(
    "piece",
    [
        condition(SNOMED, "370143000"),
        condition(ICD, "F33.1"),
        condition(ICD, "F43.10", "relapse"),
        condition(ICD, "F32.9", verificationStatus=concept("any", "provisional")),
        score("44261-6", 10),
        score("70274-6", 21),
        score("101698-9", 33),
        score("44261-6", 0, valueInteger=None, valueQuantity=read(b'{"value": 12.0}')),
    ],
)
def test_a_mental_health_disorder_shows_in_diagnoses_and_positive_measures(piece: Evidence) -> None:
    told = value_of("IND-MH", piece)

    assert (told.value, told.pieces) == (True, (piece,))
    assert told.basis in {
        "mental-health-diagnosis",
        "phq-9-positive",
        "gad-7-positive",
        "pcl-5-positive",
    }


@pytest.mark.parametrize(
    "piece",
    [
        condition(SNOMED, "38341003"),
        condition(ICD, "F33.1", "resolved"),
        condition(ICD, "F33.1", verificationStatus=concept("any", "refuted")),
        condition(ICD, "F33.1", verificationStatus=concept("any", "entered-in-error")),
        condition("https://elsewhere.example", "F33.1"),
        condition(ICD, "F33.1", code={"text": "F33.1"}),
        score("44261-6", 9),
        score("44261-6", 27, status="preliminary"),
        score("44261-6", 27, valueInteger=None),
        score("44261-6", 27, effectiveDateTime="2026-02-01"),
    ],
)
def test_what_shows_no_disorder_leaves_it_unknown_and_never_false(piece: Evidence) -> None:
    assert value_of("IND-MH", piece).value is None


def test_only_the_latest_score_counts() -> None:
    before = score("44261-6", 20, effectiveDateTime="2026-03-01")
    now = score("44261-6", 4, id="now")

    assert value_of("IND-MH", before).value is True
    assert value_of("IND-MH", before, now).value is None


@pytest.mark.parametrize(
    "piece", [condition(ICD, "F10.20"), score("75624-7", 20), score("82667-7", 6)]
)
def test_a_substance_use_disorder_shows_in_diagnoses_and_measures(piece: Evidence) -> None:
    assert value_of("IND-SUD", piece).value is True


@pytest.mark.parametrize(
    "piece", [condition(ICD, "F17.210"), score("75624-7", 19), score("82667-7", 5)]
)
def test_smoking_and_lesser_use_show_none(piece: Evidence) -> None:
    assert value_of("IND-SUD", piece).value is None


@pytest.mark.parametrize("code", ["IMP", "ACUTE", "NONAC"])
def test_a_stay_that_ended_lately_is_a_step_down(code: str) -> None:
    assert value_of("IND-STEPDOWN", stay(code=code)).value is True


@pytest.mark.parametrize(
    "piece", [stay(status="in-progress"), stay(code="AMB"), stay(end="2018-05-01")]
)
def test_what_is_no_recent_end_of_a_stay_is_no_step_down(piece: Evidence) -> None:
    assert value_of("IND-STEPDOWN", piece).value is None


@pytest.mark.parametrize(
    "request_",
    [
        referral(),
        referral("#none", supportingInfo=[{"display": "x"}, {"reference": "Encounter/stay"}]),
        referral("#none", reasonReference=[{"reference": f"{BASES[0]}/Encounter/stay"}]),
    ],
)
def test_an_old_stay_is_a_step_down_while_a_referral_names_it(request_: Evidence) -> None:
    told = value_of("IND-STEPDOWN", stay(end="2018-05-01"), request_)

    assert (told.value, told.basis) == (True, "referral-from-inpatient-stay")
    assert [piece.reference for piece in told.pieces] == ["Encounter/stay", "ServiceRequest/r1"]


@pytest.mark.parametrize(
    "request_",
    [
        referral(status="revoked"),
        referral(code=concept("https://elsewhere.example", "iop")),
        referral("Encounter/another"),
        referral("https://elsewhere.example/fhir/Encounter/stay"),
        referral("#none"),
    ],
)
def test_an_old_stay_is_none_where_no_referral_stands(request_: Evidence) -> None:
    assert value_of("IND-STEPDOWN", stay(end="2018-05-01"), request_).value is None


def test_a_reliable_worsening_is_a_deterioration() -> None:
    code = concept(code_system("measure"), "phq-9-change")
    classes = {"reliable-worsening": True, "no-reliable-change": None}

    for name, value in classes.items():
        change = concept(code_system("change"), name)
        told = value_of("IND-DETERIORATION", observation("c", code, valueCodeableConcept=change))
        assert told.value is value


@pytest.mark.parametrize(
    ("answer", "value"),
    [("LA31993-1", True), ("LA31995-6", False), ("LA31994-9", None), ("LA30190-5", False)],
)
def test_a_home_shows_in_the_housing_status(answer: str, value: Truth) -> None:
    status = concept(LOINC, "71802-3")
    told = observation("h", status, valueCodeableConcept=concept(LOINC, answer))

    assert value_of("ENV-HOME", told).value is value


@pytest.mark.parametrize(
    ("answer", "value"), [(HIGH, True), (MODERATE, None), (LOW, False), ("none", False)]
)
def test_the_latest_suicide_risk_tells_of_danger(answer: str, value: Truth) -> None:
    assert value_of("EXC-IMMINENT", risk(answer)).value is value


def unknown_risk(highest: str) -> Evidence:
    names = (("lowest", "none"), ("highest", highest))
    component = [
        {
            "code": concept(code_system("suicide-risk"), name),
            "valueCodeableConcept": concept(LOINC, answer),
        }
        for name, answer in names
    ]
    return risk("unknown", component=component)


@pytest.mark.parametrize(("highest", "value"), [(HIGH, True), (MODERATE, None), (LOW, False)])
def test_an_unknown_risk_is_as_high_as_it_can_be(highest: str, value: Truth) -> None:
    assert value_of("EXC-IMMINENT", unknown_risk(highest)).value is value


def test_a_risk_that_is_a_component_counts() -> None:
    part = {
        "code": concept(LOINC, "93374-7"),
        "valueCodeableConcept": concept(LOINC, HIGH),
    }
    panel = observation("panel", concept(LOINC, "93373-9"), component=[part])

    assert value_of("EXC-IMMINENT", panel).value is True


def test_a_low_risk_of_long_ago_clears_nobody_and_a_high_one_still_counts() -> None:
    assert value_of("EXC-IMMINENT", risk(LOW, effectiveDateTime="2026-02-01")).value is None
    assert value_of("EXC-IMMINENT", risk(HIGH, effectiveDateTime="2025-02-01")).value is True


def test_a_safety_flag_stands_whatever_the_screener_says_later() -> None:
    assert value_of("EXC-IMMINENT", flag(), risk(LOW)).value is True
    assert value_of("EXC-IMMINENT", flag("inactive"), risk(LOW)).value is False
    assert value_of("EXC-IMMINENT", flag(category="clinical"), risk(LOW)).value is False


def test_a_clinician_clears_a_danger_that_was_there_before() -> None:
    judged = judgement("EXC-IMMINENT", value=False, effectiveDateTime=TEN, updated=TEN)

    assert value_of("EXC-IMMINENT", risk(HIGH), flag(), judged).value is False


@pytest.mark.parametrize("judged", [False, None])
@pytest.mark.parametrize(("answer", "value"), [(HIGH, True), (MODERATE, None)])
def test_danger_after_the_judgement_asks_for_a_new_one(
    judged: Truth, answer: str, value: Truth
) -> None:
    before = judgement("EXC-IMMINENT", value=judged, effectiveDateTime="2026-03-09T08:00:00Z")
    told = value_of("EXC-IMMINENT", before, risk(answer))

    assert (told.value, told.basis == JUDGED) == (value, False)


@pytest.mark.parametrize(("answer", "value"), [(HIGH, True), (MODERATE, None)])
def test_an_old_danger_that_was_judged_hides_no_new_one(answer: str, value: Truth) -> None:
    judged = judgement("EXC-IMMINENT", value=False, effectiveDateTime=TEN, updated=TEN)
    eleven = "2026-03-09T11:00:00Z"
    after = risk(answer, effectiveDateTime=eleven, updated=eleven)

    assert value_of("EXC-IMMINENT", flag(), judged, after).value is value
    assert value_of("EXC-IMMINENT", flag(), judged).value is False


def test_a_flag_counts_from_when_it_was_raised_and_not_from_when_its_danger_began() -> None:
    before = judgement("EXC-IMMINENT", value=False, effectiveDateTime="2026-03-09T08:00:00Z")
    raised = flag()
    raised.content["period"] = {"start": "2026-01-01"}

    assert value_of("EXC-IMMINENT", before, raised).value is True


@pytest.mark.parametrize("judged", [False, None])
def test_a_judgement_dated_in_the_future_outranks_no_later_danger(judged: Truth) -> None:
    ahead = judgement(
        "EXC-IMMINENT",
        value=judged,
        effectiveDateTime="2099-01-01",
        updated="2026-03-09T08:00:00.000Z",
    )

    assert value_of("EXC-IMMINENT", ahead, risk(HIGH)).value is True
    assert (
        value_of("EXC-IMMINENT", risk(HIGH, effectiveDateTime="2026-03-08"), ahead).value is judged
    )


def test_of_judgements_dated_in_the_future_the_one_written_last_counts() -> None:
    first = judgement("CAP-GROUP", value=True, effectiveDateTime="2099-01-01")
    last = judgement(
        "CAP-GROUP",
        value=False,
        effectiveDateTime="2026-03-10",
        updated="2026-03-10T08:00:00.000Z",
    )

    assert value_of("CAP-GROUP", first, last).value is False


def test_a_danger_dated_in_the_future_is_a_danger_now() -> None:
    before = judgement("EXC-IMMINENT", value=False, effectiveDateTime="2026-03-09T08:00:00Z")

    assert value_of("EXC-IMMINENT", before, risk(HIGH, effectiveDateTime="2099")).value is True


@pytest.mark.parametrize("judged", [True, None])
def test_no_low_risk_clears_what_a_clinician_judged(judged: Truth) -> None:
    before = judgement("EXC-IMMINENT", value=judged, effectiveDateTime="2026-03-09T08:00:00Z")

    assert value_of("EXC-IMMINENT", before, risk(LOW)).value is judged


def test_all_that_the_set_looks_at_is_asked_for() -> None:
    asked = dict(needed(DEFAULT))
    [(name, codes)] = asked["Observation"]

    others = {"Appointment", "Condition", "Encounter", "Flag"}
    others |= {"CarePlan", "EpisodeOfCare", "Patient", "ServiceRequest"}
    assert asked.keys() == {"Observation", *others}
    assert [asked[each] for each in others] == [()] * len(others)
    assert name == "combo-code"
    criteria = {f"{CRITERION}|{each.id}" for each in DEFAULT.criteria}
    measures = {f"{LOINC}|{code}" for code in ("44261-6", "70274-6", "93374-7", "71802-3")}
    assert set(codes.split(",")) >= criteria | measures
