"""Beginning a response: initial values, what the Patient tells, and what is left open."""

from __future__ import annotations

from typing import Any

import pytest

from services.progress_api.domain.populating import populated
from shared.fhir.validation import validate
from tests.unit.care.instruments import published

INITIAL = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression"
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1990-04-02"}
NOW = "2026-03-02T09:30:00Z"
Item = dict[str, Any]


def begun(*items: Item, **others: object) -> tuple[list[Item], list[str]]:
    found = populated(
        {"resourceType": "Questionnaire", "item": list(items), **others}, PATIENT, NOW
    )
    assert validate(found.response) == []
    places = [str(each.expression) for each in found.issues]
    return found.response.get("item", []), places


def item(kind: str, expression: str | None = None, **others: object) -> Item:
    told = {"language": "text/fhirpath", "expression": expression}
    extension = [{"url": INITIAL, "valueExpression": told}] if expression else []
    return {"linkId": "a", "text": "A", "type": kind, "extension": extension, **others}


@pytest.mark.parametrize("questionnaire", published(), ids=lambda each: each["id"])
def test_every_instrument_begins_with_its_items_and_no_answer_but_the_sex(
    questionnaire: dict[str, Any],
) -> None:
    found = populated(questionnaire, PATIENT, NOW)

    assert validate(found.response) == []
    assert found.issues == ()
    assert found.response["questionnaire"] == f"{questionnaire['url']}|{questionnaire['version']}"
    assert (found.response["status"], found.response["authored"]) == ("in-progress", NOW)
    assert found.response["subject"] == found.response["source"] == {"reference": "Patient/p1"}
    asked = [each["linkId"] for each in questionnaire["item"] if each["type"] != "display"]
    assert [each["linkId"] for each in found.response["item"]] == asked
    answered = [each["linkId"] for each in found.response["item"] if "answer" in each]
    assert answered == (["audit-c-sex"] if questionnaire["id"] == "audit-c" else [])


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (item("date", "%patient.birthDate"), {"valueDate": "1990-04-02"}),
        (item("string", "%patient.gender"), {"valueString": "female"}),
        (item("string", initial=[{"valueString": "x"}]), {"valueString": "x"}),
        (
            item("choice", answerOption=[{"valueInteger": 1, "initialSelected": True}]),
            {"valueInteger": 1},
        ),
        (item("boolean", "%patient.gender"), None),
        (item("string", "%patient.maritalStatus"), None),
        (item("quantity", "%patient.gender"), None),
        (item("choice", "%patient.gender", answerOption=[{"valueInteger": 1}]), None),
        (item("string"), None),
    ],
)
def test_an_item_has_what_it_begins_with_and_nothing_else(asked: Item, answer: Item | None) -> None:
    [found], places = begun(asked)

    assert found.get("answer") == (None if answer is None else [answer])
    assert places == []


def test_items_below_groups_and_answers_stay_there() -> None:
    below = item("string", initial=[{"valueString": "y"}])
    group = {"linkId": "g", "type": "group", "item": [below]}
    above = item("boolean", initial=[{"valueBoolean": True}], item=[below])
    bare = item("boolean", item=[below])

    answered = {"linkId": "a", "text": "A", "answer": [{"valueString": "y"}]}
    assert begun(group)[0] == [{"linkId": "g", "item": [answered]}]
    assert begun(above)[0][0]["answer"] == [{"valueBoolean": True, "item": [answered]}]
    assert begun(bare)[0][0]["item"] == [answered]


def test_an_expression_that_is_not_read_is_told_of_with_its_place() -> None:
    group = {"linkId": "g", "type": "group", "item": [item("string", "today()")]}

    found, places = begun(group, item("string", "%patient.name.first().family"))

    assert places == ["Questionnaire.item[0].item[0]", "Questionnaire.item[1]"]
    assert all("answer" not in each for each in found)


def test_a_questionnaire_without_items_or_canonical_is_begun_too() -> None:
    assert begun() == ([], [])
    found = populated({"url": "http://x.example/q"}, PATIENT, NOW)
    assert found.response["questionnaire"] == "http://x.example/q"
