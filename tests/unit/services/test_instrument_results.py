"""What a response to any instrument comes to as Observations, and what they say beside a value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.progress_api.code_systems import CODE_SYSTEMS
from services.progress_api.domain import extraction, suicide_screen
from shared.care.canonical import CANONICAL, code_system
from shared.care.instruments.registry import INSTRUMENTS
from shared.fhir.validation import validate
from tests.journey.answering import response
from tests.unit.care.instruments import by_place, instrument

BASES = ("http://127.0.0.1:8000/fhir",)
PERSON = {"reference": "Patient/p1"}
AUTHORED = "2026-03-02T09:30:00Z"
OF_OURS = {each["url"]: {one["code"] for one in each["concept"]} for each in CODE_SYSTEMS}
AUDIT_C = "75626-2"
Resource = dict[str, Any]


def some_answers(name: str) -> st.SearchStrategy[dict[str, int]]:
    one = instrument(name)
    counts = {
        code: st.sampled_from([option.value for option in one.options_of(code)])
        for code in one.by_code
    }
    return st.fixed_dictionaries({}, optional=counts)


def sent(name: str, counts: dict[str, int]) -> Resource:
    told: dict[str, int | None] = dict.fromkeys(instrument(name).by_code)
    return response(name, PERSON, AUTHORED, told | counts)


def results(one: Resource, sex: str | None = None) -> dict[str, Resource]:
    assert list(extraction.refusals(one, BASES)) == []
    found = extraction.extraction(one, BASES, sex).results()
    return {each["code"]["coding"][0]["code"]: each for each in found}


def codings(tree: Any) -> list[Resource]:  # noqa: ANN401 - any JSON
    if isinstance(tree, list):
        return [coding for each in tree for coding in codings(each)]
    if isinstance(tree, dict):
        below = [coding for each in tree.values() for coding in codings(each)]
        return [*below, tree] if "system" in tree and "code" in tree else below
    return []


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Questionnaire/phq-a", "1.1"),
        ("Questionnaire/phq-a|", "1.1"),
        ("Questionnaire/phq-a|1.1", "1.1"),
        ("Questionnaire/phq-a|1.0", "1.0"),
        ("Questionnaire/isi|1.0-own-copy", "1.0"),
    ],
)
def test_a_score_is_of_the_version_that_was_answered(said: str, version: str) -> None:
    name = said.partition("/")[2].partition("|")[0]
    answered = sent(name, {instrument(name).items[0].code: 1})
    [found, *_] = results(answered | {"questionnaire": f"{CANONICAL}/{said}"}).values()

    assert found["method"]["coding"][0]["version"] == version


def test_the_version_of_another_form_is_its_own() -> None:
    theirs = "http://hl7.org/fhir/us/core/Questionnaire/phq-9-example|7.0.0"

    assert instrument("phq-9").version_answered(theirs) == "1.0"


def band(observation: Resource) -> list[str]:
    return [each["coding"][0]["code"] for each in observation["interpretation"]]


def notes(observation: Resource) -> str:
    return " ".join(each["text"] for each in observation.get("note", ()))


@pytest.mark.parametrize("name", [each.name for each in INSTRUMENTS])
def test_every_result_is_valid_known_beforehand_and_of_known_codes(name: str) -> None:
    @settings(max_examples=30)
    @given(counts=some_answers(name), sex=st.sampled_from((None, "male", "female", "other")))
    def holds(counts: dict[str, int], sex: str | None) -> None:
        one = sent(name, counts)
        possible = extraction.possible_results(one["id"])
        for each in results(one, sex).values():
            assert validate(each) == []
            assert (each["resourceType"], each["id"]) in possible
            for coding in codings(each):
                if coding["system"].startswith(f"{CANONICAL}/CodeSystem"):
                    assert coding["code"] in OF_OURS[coding["system"]]
            if each["resourceType"] == "Observation":
                values = [key for key in each if key.startswith("value")]
                assert len(values) + ("dataAbsentReason" in each) == 1
                link = {"reference": f"QuestionnaireResponse/{one['id']}"}
                assert each["derivedFrom"] == [link]

    holds()


@pytest.mark.parametrize(
    ("told", "answered", "expected", "open_cut"),
    [
        ("male", None, "negative", False),
        ("female", None, "positive", False),
        ("other", None, "positive", True),
        (None, None, "positive", True),
        ("female", 0, "negative", False),
        ("male", 1, "positive", False),
        ("male", 3, "positive", True),
    ],
)
def test_an_audit_c_of_three_is_positive_unless_of_a_man(
    told: str | None,
    answered: int | None,
    expected: str,
    *,
    open_cut: bool,
) -> None:
    sex = {} if answered is None else {"audit-c-sex": answered}
    total = results(sent("audit-c", by_place("audit-c", (1, 1, 1)) | sex), told)[AUDIT_C]

    assert total["valueQuantity"]["value"] == 3
    assert band(total) == [expected, *(["POS"] if expected == "positive" else [])]
    assert ("cut-point" in notes(total)) == open_cut
    assert [each["coding"][0]["code"] for each in total["category"]] == [
        "survey",
        "social-history",
    ]


@pytest.mark.parametrize(
    ("counts", "confirmed"),
    [((4, 0, 0), True), ((1, 0, 0), True), ((4, 1, 0), False), ((0, 0, 0), False)],
)
def test_points_of_the_first_item_alone_are_to_be_confirmed(
    counts: tuple[int, ...], *, confirmed: bool
) -> None:
    total = results(sent("audit-c", by_place("audit-c", counts)), "male")[AUDIT_C]

    assert ("Confirm" in notes(total)) == confirmed


@pytest.mark.parametrize(
    ("name", "counts", "value", "denied"),
    [
        ("audit-c", (0, 2, 1), 3, "68518-0"),
        ("audit", (0, None, None, 2, None, None, None, None, 0, 0), 2, "68518-0"),
        ("audit", (1, 0, 0, 3, None, None, None, None, 0, 0), 4, "68520-6"),
    ],
)
def test_what_was_answered_though_not_asked_counts_and_people_are_told(
    name: str, counts: tuple[int | None, ...], value: int, denied: str
) -> None:
    found = results(sent(name, by_place(name, counts)))
    issue = found.pop("contradictory-answers")
    [total] = found.values()

    assert total["valueQuantity"]["value"] == value
    assert issue["detail"] in notes(total)
    assert denied in issue["detail"]
    assert issue["severity"] == "moderate"
    assert {"reference": f"Observation/{total['id']}"} in issue["implicated"]


def test_an_audit_that_was_asked_by_the_rules_contradicts_nothing() -> None:
    answers = by_place("audit", (0, None, None, None, None, None, None, None, 0, 4))
    found = results(sent("audit", answers))

    [total] = found.values()
    assert (total["valueQuantity"]["value"], band(total)) == (4, ["low-risk"])
    assert "note" not in total


def test_a_bam_has_three_subscales_with_flags_and_its_last_item() -> None:
    codes = [code for code in instrument("bam").by_code if code != "bam-5"]
    found = results(sent("bam", dict.fromkeys(codes, 0)))

    assert set(found) == {"bam-use", "bam-risk", "bam-protective", "bam-8", "bam-17"}
    assert band(found["bam-use"]) == ["no-use"]
    assert band(found["bam-risk"]) == ["risk-low"]
    assert band(found["bam-protective"]) == ["protection-low", "POS"]
    assert found["bam-17"]["valueCodeableConcept"]["text"] == "Not at all"
    assert found["bam-use"]["code"]["coding"][0]["system"] == code_system("measure")


def test_a_bam_iop_has_no_flags() -> None:
    codes = instrument("bam-iop").by_code
    found = results(sent("bam-iop", dict.fromkeys(codes, 4)))

    assert found["bam-iop-use"]["valueQuantity"]["value"] == 12
    assert all("interpretation" not in each for each in found.values())


def test_a_missing_item_takes_away_only_the_subscale_it_belongs_to() -> None:
    codes = [code for code in instrument("bam").by_code if code != "bam-8"]
    found = results(sent("bam", dict.fromkeys(codes, 0)))

    absent = {code for code, each in found.items() if "dataAbsentReason" in each}
    assert absent == {"bam-risk", "bam-8"}
    assert notes(found["bam-risk"]) == "Not answered: bam-8."


def test_a_pcl_5_has_a_total_clusters_and_a_provisional_diagnosis() -> None:
    codes = instrument("pcl-5").by_code
    found = results(sent("pcl-5", dict.fromkeys(codes, 2)))

    assert found["101698-9"]["valueQuantity"]["value"] == 40
    assert band(found["101698-9"]) == ["probable-ptsd", "POS"]
    assert found["pcl-5-provisional-diagnosis"]["valueBoolean"] is True
    clusters = [found[f"pcl-5-cluster-{each}"]["valueQuantity"]["value"] for each in "bcde"]
    assert clusters == [10, 4, 14, 12]


def test_a_who_5_is_a_percentage() -> None:
    found = results(sent("who-5", dict.fromkeys(instrument("who-5").by_code, 2)))

    [score] = found.values()
    assert (score["valueQuantity"]["value"], band(score)) == (40, ["poor-well-being", "POS"])


@pytest.mark.parametrize("name", ["phq-9", "phq-a"])
@pytest.mark.parametrize(("ninth", "asks"), [(0, False), (1, True), (3, True), (None, True)])
def test_the_ninth_item_asks_for_a_screen_where_affirmed_or_missing(
    name: str, ninth: int | None, *, asks: bool
) -> None:
    one = sent(name, by_place(name, (*(0,) * 8, ninth)))
    found = extraction.extraction(one, BASES)

    assert (suicide_screen.why_asked(found) is not None) == asks
