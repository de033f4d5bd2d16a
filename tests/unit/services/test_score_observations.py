"""The results of a response: valid, a function of it alone, and revised by name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress_api.code_systems import CODE_SYSTEMS
from services.progress_api.domain import extraction
from shared.care.canonical import CANONICAL
from shared.care.instruments.registry import INSTRUMENTS, instrument_of
from shared.fhir.validation import validate
from tests.journey.answering import ITEM_9, ITEMS, item, response
from tests.unit.care.instruments import published

BASES = ("http://127.0.0.1:8000/fhir",)
PERSON = {"reference": "Patient/p1"}
AUTHORED = "2026-03-02T09:30:00+01:00"
OF_OURS = {each["url"]: {one["code"] for one in each["concept"]} for each in CODE_SYSTEMS}
RESPONSES = st.sampled_from(sorted(ITEMS)).flatmap(
    lambda name: st.builds(
        response,
        st.just(name),
        st.just(PERSON),
        st.just(AUTHORED),
        st.fixed_dictionaries(dict.fromkeys(ITEMS[name], st.sampled_from((0, 1, None)))),
    )
)


def results(sent: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert list(extraction.refusals(sent, BASES)) == []
    found = extraction.extraction(sent, BASES).results()
    return {each["code"]["coding"][0]["code"]: each for each in found}


def codings(tree: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    if isinstance(tree, list):
        return [coding for each in tree for coding in codings(each)]
    if isinstance(tree, dict):
        below = [coding for each in tree.values() for coding in codings(each)]
        return [*below, tree] if "system" in tree and "code" in tree else below
    return []


@given(sent=RESPONSES)
def test_every_result_is_valid_and_names_its_response(sent: dict[str, Any]) -> None:
    possible = extraction.possible_results(sent["id"])
    found = results(sent)

    assert found
    for each in found.values():
        assert validate(each) == []
        assert (each["resourceType"], each["id"]) in possible
        named = each.get("derivedFrom") or each["implicated"]
        assert named[0] == {"reference": f"QuestionnaireResponse/{sent['id']}"}
        for coding in codings(each):
            if coding["system"].startswith(CANONICAL):
                assert coding["code"] in OF_OURS[coding["system"]]
    assert results(sent) == found


@given(sent=RESPONSES)
def test_nothing_missing_is_ever_given_a_value(sent: dict[str, Any]) -> None:
    answered = {each["linkId"] for each in sent["item"]}
    ninth = results(sent).get(ITEM_9)

    if ninth is not None:
        assert ("valueCodeableConcept" in ninth) == (ITEM_9 in answered)
        assert ("dataAbsentReason" in ninth) == (ITEM_9 not in answered)


@given(sent=RESPONSES)
def test_repeating_says_nothing_new_and_another_response_has_results_of_its_own(
    sent: dict[str, Any],
) -> None:
    other = extraction.possible_results("another")

    for each in results(sent).values():
        assert extraction.revised(each, each) == each
        assert (each["resourceType"], each["id"]) not in other


def test_a_result_says_how_it_was_revised() -> None:
    sent = response("gad-7", PERSON, AUTHORED)
    [before] = results(sent).values()
    changed = sent | {"item": response("gad-7", PERSON, AUTHORED, {"69725-0": 3})["item"]}
    [after] = results(changed).values()
    [amended] = results(changed | {"status": "amended"}).values()

    assert extraction.revised(None, before)["status"] == "final"
    corrected = extraction.revised(before, after)
    assert corrected["status"] == "corrected"
    assert extraction.revised(corrected, after) == corrected
    assert extraction.revised(before, amended)["status"] == "amended"
    taken_back = extraction.retracted(before)
    assert taken_back["status"] == "entered-in-error"
    assert extraction.revised(taken_back, before)["status"] == "corrected"


@pytest.mark.parametrize(
    ("changes", "performers"),
    [
        ({}, ["Patient/p1"]),
        ({"author": {"reference": "Practitioner/d1"}}, ["Patient/p1", "Practitioner/d1"]),
        ({"author": {"reference": "Patient/p1"}}, ["Patient/p1"]),
        ({"source": {}, "author": {"reference": "Device/d1"}}, None),
        ({"source": {"display": "her mother"}}, None),
        ({"source": {"reference": "#mother"}}, None),
    ],
)
def test_who_answered_and_who_wrote_it_down_performed(
    changes: dict[str, Any], performers: list[str] | None
) -> None:
    [total] = results(response("gad-7", PERSON, AUTHORED) | changes).values()

    named = [each["reference"] for each in total.get("performer", ())] or None
    assert named == performers


@pytest.mark.parametrize(
    ("encounter", "kept"),
    [({"reference": "Encounter/e1"}, True), ({"reference": "#e"}, False), ({}, False)],
)
def test_the_encounter_of_the_response_is_that_of_its_results(
    encounter: dict[str, Any], *, kept: bool
) -> None:
    [total] = results(response("gad-7", PERSON, AUTHORED) | {"encounter": encounter}).values()

    assert (total.get("encounter") == encounter) == kept


def test_a_response_without_a_date_is_dated_by_when_it_was_stored() -> None:
    sent = response("gad-7", PERSON, AUTHORED) | {"meta": {"lastUpdated": "2026-03-03T08:00:00Z"}}
    del sent["authored"]
    [total] = results(sent).values()

    assert total["effectiveDateTime"] == "2026-03-03T08:00:00Z"


def test_answers_that_cannot_be_read_come_to_an_issue_alone() -> None:
    sent = response("c-ssrs-screener", PERSON, AUTHORED)
    sent["item"].append(item("93249-9", "LA33-6"))

    assert set(results(sent)) == {"unreadable-answers"}


@pytest.mark.parametrize(
    ("changes", "elements"),
    [
        ({}, []),
        ({"status": "amended"}, []),
        ({"status": "in-progress"}, ["status"]),
        ({"status": "entered-in-error", "questionnaire": None}, ["status", "questionnaire"]),
        ({"subject": {"reference": "Group/g1"}}, ["subject"]),
    ],
)
def test_what_is_refused_is_all_named(changes: dict[str, Any], elements: list[str]) -> None:
    sent = response("gad-7", PERSON, AUTHORED) | changes
    found = [each.expression for each in extraction.refusals(sent, BASES)]

    assert found == [f"QuestionnaireResponse.{each}" for each in elements]
    assert extraction.is_done(sent) == (not {"status", "questionnaire"} & set(elements))


def test_a_refused_response_is_not_read() -> None:
    with pytest.raises(ValueError, match="refused"):
        extraction.extraction({"status": "completed"}, BASES)


@pytest.mark.parametrize("questionnaire", published(), ids=lambda each: each["id"])
def test_a_questionnaire_offers_just_what_is_scored(questionnaire: dict[str, Any]) -> None:
    instrument = instrument_of(questionnaire["url"])
    assert instrument is not None
    assert validate(questionnaire) == []
    assert (questionnaire["id"], questionnaire["version"]) == (instrument.name, instrument.version)
    asked = {each["linkId"]: each for each in questionnaire["item"] if each["type"] != "display"}
    assert list(asked) == list(instrument.by_code)
    scored = {code for score in instrument.scores for code in score.items}
    assert {code for code in asked if instrument.is_counted(code)} == {
        code for code, each in asked.items() if each["type"] == "integer"
    }
    for code, each in asked.items():
        if each["type"] == "integer":
            continue
        offered = [option["valueCoding"]["code"] for option in each["answerOption"]]
        ordinals = [
            option.get("extension", [{}])[0].get("valueDecimal") for option in each["answerOption"]
        ]
        options = instrument.options[instrument.by_code[code].options]
        assert offered == [option.code for option in options]
        if code in scored:
            assert ordinals == [option.value for option in options]


def test_the_screener_has_topics_only_and_its_branches() -> None:
    [screener] = [each for each in published() if each["id"] == "c-ssrs-screener"]
    branches = {
        each["linkId"]: each["enableWhen"][0]["question"]
        for each in screener["item"]
        if "enableWhen" in each
    }

    assert all(each["text"].startswith("Topic: ") for each in screener["item"])
    assert branches == {
        **dict.fromkeys(("93248-3", "93249-1", "93250-9"), "93247-5"),
        "93269-9": "93267-3",
    }


def test_every_instrument_is_published_and_every_code_system_valid() -> None:
    assert {each.name for each in INSTRUMENTS} == {each["id"] for each in published()}
    assert OF_OURS[f"{CANONICAL}/CodeSystem/instrument"] == {each.name for each in INSTRUMENTS}
    assert len(OF_OURS[f"{CANONICAL}/CodeSystem/instrument-item"]) == 9 + 20 + 1 + 10 + 5 + 7 + 46
    for each in CODE_SYSTEMS:
        assert validate(each) == []
