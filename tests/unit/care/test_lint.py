"""The linter's rules: each finds its defect, and nothing in the same resource without it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from shared.care.lint import RULES, Given, defects

Resource = dict[str, Any]
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
BUSINESS = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"
PHQ_9 = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5"]
PHQ_9 += ["44253-3", "44260-8"]
ANSWERS = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]
AUDIT_C = {"68518-0": "LA18926-8", "68519-8": "LA15695-2", "68520-6": "LA18933-4"}
CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
NESTED = "%resource.item.item.where(linkId!='/44261-6').answer.value.weight().sum()"


def coded(code: str, system: str = LOINC, **more: str) -> Resource:
    return {"coding": [{"system": system, "code": code, **more}]}


def observation(code: str = "44261-6", **more: object) -> Resource:
    return {"resourceType": "Observation", "id": "o", "status": "final", "code": coded(code)} | (
        more or {"valueInteger": 10}
    )


def answered(total: float = 10) -> Resource:
    """A PHQ-9 whose answers are 1 1 1 1 1 1 1 1 2."""
    chosen = [*[ANSWERS[1]] * 8, ANSWERS[2]]
    items = [
        {"linkId": f"/{code}", "answer": [{"valueCoding": {"system": LOINC, "code": answer}}]}
        for code, answer in zip(PHQ_9, chosen, strict=True)
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "r",
        "status": "completed",
        "item": [*items, {"linkId": "/44261-6", "answer": [{"valueDecimal": total}]}],
    }


def drinks(total: str = "75626-2") -> Resource:
    items = [
        {"linkId": f"/{code}", "answer": [{"valueCoding": {"system": LOINC, "code": answer}}]}
        for code, answer in AUDIT_C.items()
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "item": [*items, {"linkId": f"/{total}", "answer": [{"valueInteger": 3}]}],
    }


def form(expression: str = NESTED) -> Resource:
    asked = [
        {"linkId": f"/{code}", "type": "choice", "code": [{"system": LOINC, "code": code}]}
        for code in PHQ_9
    ]
    extension = {"url": CALCULATED, "valueExpression": {"expression": expression}}
    sum_ = {"linkId": "/44261-6", "type": "decimal", "extension": [extension]}
    group = {"linkId": "g", "type": "group", "item": asked}
    return {"resourceType": "Questionnaire", "status": "active", "item": [group, sum_]}


def referral(status: str = "completed", business: str = "7.0") -> Resource:
    said = {"coding": [{"system": BUSINESS, "code": business}]}
    return {"resourceType": "Task", "status": status, "businessStatus": said}


def of_answers(total: int) -> Resource:
    reference = {"reference": "https://a.example/fhir/QuestionnaireResponse/r"}
    return observation(valueInteger=total, derivedFrom=[reference])


def without(resource: Resource, code: str) -> Resource:
    """Leave out an item, at whichever depth."""
    items = [each for each in resource["item"] if code not in each["linkId"]]
    items = [without(each, code) if "item" in each else each for each in items]
    return resource | {"item": items}


def goal(measure: str) -> Resource:
    target = {"measure": coded(measure), "detailQuantity": {"value": 9}}
    return {"resourceType": "Goal", "target": [target]}


class Case(NamedTuple):
    rule: str
    wrong: Resource
    location: str
    right: Resource
    beside: tuple[Resource, ...] = ()


def concept(code: str, system: str = SNOMED) -> Resource:
    return {"resourceType": "ServiceRequest", "orderDetail": [{}, coded(code, system)]}


AT_CODE = "ServiceRequest.orderDetail[1].coding[0].code"
TOP = "%resource.item.where(linkId!='/44261-6').answer.value.weight().sum()"
CASES = {
    "a total as text": Case(
        "total-not-a-number",
        observation(valueString="12"),
        "Observation.valueString",
        observation(valueQuantity={"value": 12}),
    ),
    "a total as a component's text": Case(
        "total-not-a-number",
        observation("44249-1", component=[{"code": coded("44261-6"), "valueString": "12"}]),
        "Observation.component[0].valueString",
        observation("44249-1", component=[{"code": coded("44261-6"), "valueInteger": 12}]),
    ),
    "a total above the highest": Case(
        "total-out-of-range",
        observation(valueInteger=28),
        "Observation.valueInteger",
        observation(valueInteger=27),
    ),
    "a total that is no sum": Case(
        "total-wrong",
        answered(total=13),
        "QuestionnaireResponse.item[9].answer[0].valueDecimal",
        answered(),
    ),
    "another total than that of the answers": Case(
        "total-wrong",
        of_answers(13),
        "Observation.valueInteger",
        of_answers(10),
        (answered(),),
    ),
    "a total of three answers": Case(
        "total-not-given",
        answered() | {"item": [*answered()["item"][:3], *answered()["item"][8:]]},
        "QuestionnaireResponse.item[4].answer[0].valueDecimal",
        # Two may be missing, and the others stand for them: 8 points of 7 items.
        answered() | {"item": [*answered(total=10)["item"][2:]]},
    ),
    "a panel with a value": Case(
        "panel-as-score",
        observation("69737-5"),
        "Observation.code",
        observation("70274-6"),
    ),
    "the DAST-10's panel with a value": Case(
        "panel-as-score", observation("82666-9"), "Observation.code", observation("82667-7")
    ),
    "a goal for a panel": Case(
        "panel-as-score", goal("44249-1"), "Goal.target[0].measure", goal("44261-6")
    ),
    "the AUDIT's total for the AUDIT-C": Case(
        "wrong-instrument-code",
        observation() | {"code": coded("75624-7", display="Total score [AUDIT-C]")},
        "Observation.code.coding[0].code",
        observation() | {"code": coded("75626-2", display="Total score [AUDIT-C]")},
    ),
    "the AUDIT's total for an answered AUDIT-C": Case(
        "wrong-instrument-code",
        drinks(total="75624-7"),
        "QuestionnaireResponse.item[3].linkId",
        drinks(),
    ),
    "the HARK's total for the AUDIT-C": Case(
        "wrong-instrument-code",
        drinks(total="76504-0"),
        "QuestionnaireResponse.item[3].linkId",
        drinks(),
    ),
    "another question for the AUDIT-C's first": Case(
        "wrong-instrument-code",
        {
            "resourceType": "Questionnaire",
            "code": coded("72109-2")["coding"],
            "item": [{"linkId": "1", "code": coded("68517-2")["coding"]}],
        },
        "Questionnaire.item[0].code[0].code",
        {
            "resourceType": "Questionnaire",
            "code": coded("72109-2")["coding"],
            "item": [{"linkId": "1", "code": coded("68518-0")["coding"]}],
        },
    ),
    "a form without the ninth item": Case(
        "safety-item-missing", without(form(), "44260-8"), "Questionnaire.item", form()
    ),
    "the ninth item unanswered": Case(
        "safety-item-missing",
        without(answered(total=9), "44260-8"),
        "QuestionnaireResponse.item",
        answered(),
    ),
    "an expression above its answers": Case(
        "expression-sees-no-answers", form(TOP), "Questionnaire.item[1].extension[0]", form()
    ),
    "a referral that is done and only requested": Case(
        "status-contradicts", referral("requested"), "Task.businessStatus", referral()
    ),
    "a LOINC term": Case(
        "loinc-check-digit",
        concept("76689-1", LOINC),
        AT_CODE,
        # An answer is no term, and follows another rule.
        concept("LA6568-1", LOINC),
    ),
    **{
        f"the SNOMED code {code}": Case(
            "snomed-check-digit", concept(code), AT_CODE, concept("720433000")
        )
        for code in ("718029007", "311891000", "386449003", "763304007")
    },
}


def found(resource: Resource, *beside: Resource) -> list[tuple[str, str]]:
    given = Given()
    for each in (resource, *beside):
        given.keep(each)
    return [(rule.id, defect.location) for rule, defect in defects(resource, given)]


@pytest.mark.parametrize("name", CASES)
def test_the_defect_is_found_where_it_is(name: str) -> None:
    case = CASES[name]
    assert found(case.wrong, *case.beside) == [(case.rule, case.location)]


@pytest.mark.parametrize("name", CASES)
def test_without_the_defect_nothing_is_found(name: str) -> None:
    case = CASES[name]
    assert found(case.right, *case.beside) == []


def test_every_rule_has_its_case_and_says_why() -> None:
    assert {case.rule for case in CASES.values()} == {rule.id for rule in RULES}
    assert all(rule.sentence.endswith(".") and rule.why.endswith(".") for rule in RULES)


def test_every_rule_stands_in_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "linter.md").read_text()
    for rule in RULES:
        assert f"| `{rule.id}` | {rule.sentence} | {rule.why} |\n" in page


def test_nothing_that_is_looked_at_is_changed() -> None:
    for case in CASES.values():
        before = copy.deepcopy(case.wrong)
        found(case.wrong, *case.beside)
        assert case.wrong == before


def test_what_is_not_said_is_no_defect() -> None:
    unfinished = without(answered(total=9), "44260-8") | {"status": "in-progress"}
    assert found(unfinished) == []
    assert found(without(answered(), "44261-6")) == []
    assert found(of_answers(13)) == []
    assert found({"resourceType": "QuestionnaireResponse", "status": "completed"}) == []


def test_items_are_known_by_their_codes_whatever_their_linkids() -> None:
    """As in the PHQ-9 of SDC: ids of its own, a group, a total of 13 where 10 were answered."""
    codes = [*PHQ_9, "44261-6"]
    asked = [
        {"linkId": f"H1/T{nr}", "type": "choice", "code": coded(code)["coding"]}
        for nr, code in enumerate(codes)
    ]
    questionnaire = {
        "resourceType": "Questionnaire",
        "url": "https://a.example/phq9",
        "item": [{"linkId": "H1", "type": "group", "item": asked}],
    }
    given = [each["answer"] for each in answered(total=13)["item"]]
    items = [{"linkId": f"H1/T{nr}", "answer": each} for nr, each in enumerate(given)]
    response = answered() | {
        "questionnaire": "https://a.example/phq9|4.0",
        "item": [{"linkId": "H1", "item": items}],
    }

    place = "QuestionnaireResponse.item[0].item[9].answer[0].valueDecimal"
    assert found(response, questionnaire) == [("total-wrong", place)]
