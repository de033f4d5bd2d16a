"""The linter finds the same defects in whichever form answers, totals and codes are told."""

from __future__ import annotations

from typing import Any

import pytest

from shared.care.instruments.registry import INSTRUMENTS
from shared.care.lint import Given, defects
from shared.care.lint.rule import scope

Resource = dict[str, Any]
LOINC = "http://loinc.org"
OURS = "https://stepdown.example/fhir/CodeSystem"
BY_NAME = {each.name: each for each in INSTRUMENTS}
PHQ_9, GAD_7 = BY_NAME["phq-9"], BY_NAME["gad-7"]
TOTALS = {"phq-9": "44261-6", "gad-7": "70274-6"}
PANELS = {"phq-9": "44249-1", "gad-7": "69737-5"}


def coded(code: str, system: str = LOINC, **more: str) -> Resource:
    return {"coding": [{"system": system, "code": code, **more}]}


def scored(name: str) -> list[str]:
    return list(BY_NAME[name].scores[0].items)


def as_coding(name: str, item: str, value: int) -> Resource:
    option = BY_NAME[name].option(item, value)
    return {"valueCoding": {"system": option.system, "code": option.code}}


def as_weight(name: str, item: str, value: int) -> Resource:
    url = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
    extension = {"url": url, "valueDecimal": value}
    return {"valueCoding": {"system": "urn:own", "code": "x", "extension": [extension]}}


def as_words(name: str, item: str, value: int) -> Resource:
    return {"valueString": BY_NAME[name].option(item, value).display.upper()}


def as_integer(name: str, item: str, value: int) -> Resource:
    return {"valueInteger": value}


def as_decimal(name: str, item: str, value: int) -> Resource:
    return {"valueDecimal": float(value)}


def items(name: str, told: Any = as_coding, leave_out: str = "") -> list[Resource]:  # noqa: ANN401
    """Answer each item of an instrument with 1."""
    codes = [each for each in scored(name) if each != leave_out]
    return [{"linkId": each, "answer": [told(name, each, 1)]} for each in codes]


def response(*more: Resource, **said: object) -> Resource:
    form = {"resourceType": "QuestionnaireResponse", "id": "r", "status": "completed"}
    return form | {"item": list(more)} | said


def total(name: str, value: float) -> Resource:
    return {"linkId": TOTALS[name], "answer": [{"valueDecimal": value}]}


def observed(code: str, **more: object) -> Resource:
    return {
        "resourceType": "Observation",
        "id": code,
        "status": "final",
        "code": coded(code),
    } | more


def parts(name: str, leave_out: str = "") -> list[Resource]:
    codes = [each for each in scored(name) if each != leave_out]
    return [{"code": coded(each), "valueInteger": 1} for each in codes]


def members(name: str, *more: Resource, leave_out: str = "") -> list[Resource]:
    found = []
    for code in (each for each in scored(name) if each != leave_out):
        option = BY_NAME[name].option(code, 1)
        value = coded(option.code, option.system)
        found.append(observed(code, valueCodeableConcept=value))
    return [*found, *more]


def panel(name: str, some: list[Resource]) -> Resource:
    links = [{"reference": f"Observation/{each['id']}"} for each in some]
    return observed(PANELS[name], hasMember=links)


def found(*resources: Resource) -> list[str]:
    """Name the rules that the first of some resources breaks."""
    given = Given()
    for each in resources:
        given.keep(each)
    inside = given.inside((scope(resources[0]),))
    return [rule.id for rule, _ in defects(resources[0], inside)]


@pytest.mark.parametrize("told", [as_coding, as_weight, as_words, as_integer, as_decimal])
@pytest.mark.parametrize("name", ["phq-9", "gad-7"])
def test_answers_of_every_form_are_added_up(name: str, told: object) -> None:
    right = len(scored(name))
    assert found(response(*items(name, told), total(name, right))) == []
    assert found(response(*items(name, told), total(name, right - 1))) == ["total-wrong"]


@pytest.mark.parametrize("name", [each.name for each in INSTRUMENTS if each.scores])
def test_a_total_of_every_instrument_is_held_to_its_answers(name: str) -> None:
    instrument, score = BY_NAME[name], BY_NAME[name].scores[0]
    options = {k: max(instrument.options_of(k), key=lambda e: e.value) for k in score.items}
    asked = [
        {"linkId": k, "answer": [{"valueCoding": {"system": v.system, "code": v.code}}]}
        for k, v in options.items()
    ]
    right = sum(each.value for each in options.values()) * score.times
    form = {"questionnaire": instrument.questionnaires[0]}
    system = LOINC if score.code[0].isdigit() else f"{OURS}/measure"
    source = [{"reference": "QuestionnaireResponse/r"}]
    for value, expected in ((right, []), (right - score.times, ["total-wrong"])):
        given = response(
            *asked, {"linkId": score.code, "answer": [{"valueInteger": value}]}, **form
        )
        assert found(given) == expected
        told = {"code": coded(score.code, system), "valueInteger": value, "derivedFrom": source}
        assert found(observed("x") | told, given) == expected


def test_each_instrument_of_one_form_is_held_to_its_own_answers() -> None:
    asked = [*items("phq-9"), *items("gad-7")]
    assert found(response(*asked, total("phq-9", 9), total("gad-7", 7))) == []
    assert found(response(*asked, total("phq-9", 9), total("gad-7", 6))) == ["total-wrong"]
    assert found(response(*asked, total("phq-9", 8), total("gad-7", 7))) == ["total-wrong"]
    groups = [{"linkId": f"g{n}", "item": items(name)} for n, name in enumerate(TOTALS)]
    assert found(response(*groups, total("gad-7", 21))) == ["total-wrong"]
    unasked = [*items("phq-9", leave_out="44260-8"), *items("gad-7")]
    assert found(response(*unasked, total("gad-7", 7))) == ["safety-item-missing"]


def test_components_members_and_what_a_total_derives_from_are_added_up() -> None:
    for value, expected in ((9, []), (12, ["total-wrong"])):
        sum_ = observed("44261-6", valueInteger=value)
        assert found(sum_ | {"component": parts("phq-9")}) == expected
        of_parts = [*parts("phq-9"), {"code": coded("44261-6"), "valueQuantity": {"value": value}}]
        assert found(observed("44249-1", component=of_parts)) == expected
        some = members("phq-9", sum_)
        assert found(panel("phq-9", some), *some) == expected
        links = [{"reference": f"Observation/{each['id']}"} for each in members("phq-9")]
        assert found(sum_ | {"derivedFrom": links}, *some) == expected


def test_what_was_not_given_is_no_defect() -> None:
    some = members("phq-9", observed("44261-6", valueInteger=9))
    assert found(panel("phq-9", some), *some[:4]) == []
    assert found(panel("phq-9", some)) == []


def test_a_panel_without_the_item_about_self_harm_is_found() -> None:
    some = members("phq-9", leave_out="44260-8")
    assert found(panel("phq-9", some), *some) == ["safety-item-missing"]
    assert found(observed("44249-1", component=parts("phq-9", "44260-8"))) == [
        "safety-item-missing"
    ]
    assert found(observed("44249-1", component=parts("phq-9"))) == []
    # A PHQ-2 asks for two items only.
    assert found(observed("55757-9", component=parts("phq-9")[:2])) == []


def test_the_phq_8_leaves_the_ninth_item_out_on_purpose() -> None:
    asked = [{"linkId": e, "type": "choice"} for e in scored("phq-9") if e != "44260-8"]
    form = {"resourceType": "Questionnaire", "status": "active", "item": asked}
    assert found(form) == ["safety-item-missing"]
    assert found(form | {"title": "Patient Health Questionnaire (PHQ-8)"}) == []
    said = response(*items("phq-9", leave_out="44260-8"))
    assert found(said) == ["safety-item-missing"]
    assert found(said | {"questionnaire": "https://a.example/Questionnaire/phq-8|1"}) == []
    assert found(said | {"status": "in-progress"}) == []


def test_what_is_contained_or_in_the_same_bundle_is_compared() -> None:
    for value, expected in ((9, []), (3, ["total-wrong"])):
        told = observed("44261-6", valueInteger=value, derivedFrom=[{"reference": "#r"}])
        assert found(told | {"contained": [response(*items("phq-9"))]}) == expected
        urn = "urn:uuid:8e5b0a0c-7b1d-4f62-9a55-0d9d5c0f2f10"
        entry = {"fullUrl": urn, "resource": response(*items("phq-9"), id=None)}
        given = Given().inside((scope({"resourceType": "Bundle", "entry": [entry]}),))
        told = observed("44261-6", valueInteger=value, derivedFrom=[{"reference": urn}])
        assert [rule.id for rule, _ in defects(told, given)] == expected


def test_two_bundles_may_use_the_same_ids() -> None:
    other = response(*items("phq-9"))
    mine = response(*[*items("phq-9")[1:], *items("phq-9", as_integer)[:1]])
    mine["item"][0]["answer"] = [{"valueInteger": 3}]
    entries = [{"fullUrl": "https://a.example/QuestionnaireResponse/r", "resource": mine}]
    given = Given()
    given.keep(other)
    told = observed(
        "44261-6", valueInteger=11, derivedFrom=[{"reference": "QuestionnaireResponse/r"}]
    )
    local = given.inside((scope({"resourceType": "Bundle", "entry": entries}),))
    assert list(defects(told, local)) == []
    assert [rule.id for rule, _ in defects(told, given)] == ["total-wrong"]


def test_a_contained_form_tells_what_its_items_are() -> None:
    asked = [{"linkId": f"q{n}", "code": coded(e)["coding"]} for n, e in enumerate(scored("gad-7"))]
    asked.append({"linkId": "sum", "code": coded("70274-6")["coding"]})
    form = {"resourceType": "Questionnaire", "id": "f", "item": asked}
    given = [
        {"linkId": f"q{n}", "answer": [as_coding("gad-7", e, 2)]}
        for n, e in enumerate(scored("gad-7"))
    ]
    for value, expected in ((14, []), (15, ["total-wrong"])):
        sum_ = {"linkId": "sum", "answer": [{"valueInteger": value}]}
        assert found(response(*given, sum_, contained=[form], questionnaire="#f")) == expected


def test_a_panel_is_no_score_in_forms_either() -> None:
    said = {"linkId": "/69737-5", "answer": [{"valueInteger": 12}]}
    group = {"linkId": "/69737-5", "item": items("gad-7")}
    assert found(response(said)) == ["panel-as-score"]
    assert found(response(group)) == []
    asked = {"linkId": "s", "code": coded("44249-1")["coding"]}
    for kind, expected in (("decimal", ["panel-as-score"]), ("group", [])):
        rest = [{"linkId": each} for each in scored("phq-9")]
        form = {"resourceType": "Questionnaire", "item": [*rest, asked | {"type": kind}]}
        assert found(form) == expected


@pytest.mark.parametrize("system", [LOINC, "urn:oid:2.16.840.1.113883.6.1"])
def test_codes_in_lists_under_one_system_are_checked(system: str) -> None:
    def listed(code: str) -> Resource:
        include = {"system": system, "concept": [{"code": "LA6568-1"}, {"code": code}]}
        return {"resourceType": "ValueSet", "compose": {"include": [include]}}

    def mapped(code: str) -> Resource:
        element = {"code": "x", "target": [{"code": code, "equivalence": "equal"}]}
        group = {"source": "urn:own", "target": system, "element": [element]}
        return {"resourceType": "ConceptMap", "group": [group]}

    for form in (listed, mapped):
        assert found(form("44261-6")) == []
        assert found(form("44261-5")) == ["loinc-check-digit"]


def test_a_snomed_code_of_an_edition_is_checked() -> None:
    edition = "http://snomed.info/sct/731000124108/version/20250901"
    for code, expected in (("18512000", []), ("18512001", ["snomed-check-digit"])):
        order = {"resourceType": "ServiceRequest", "code": coded(code, edition)}
        assert found(order) == expected
