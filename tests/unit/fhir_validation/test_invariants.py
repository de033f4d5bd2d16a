"""The rules of R4's types: rewritten, written by hand, or as published; each true, false, empty."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fhir.definitions import invariants, type_definition, type_names
from shared.fhir.validation import validate
from shared.fhir.validation.invariants import rules_of
from shared.fhir.validation.invariants.by_hand import BY_HAND
from shared.fhir.validation.invariants.rewrites import LEFT_OUT, REWRITTEN, expression_of
from tests.unit.fhir_validation.resources import OBSERVATION, PATIENT

CONCEPT = {"text": "x"}
REFERENCE = {"reference": "Patient/p1"}
UCUM = "http://unitsofmeasure.org"


def broken(resource: dict[str, Any], *, warnings: bool = False) -> set[str]:
    """Name the rules that a resource breaks; any other fault is a mistake of the test."""
    issues = validate(resource, warnings=warnings)
    assert {issue.code for issue in issues} <= {"invariant"}, issues
    return {issue.diagnostics.rpartition("(")[2].rstrip(").") for issue in issues}


def patient(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"resourceType": "Patient", **members}


def observation(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"resourceType": "Observation", "status": "final", "code": CONCEPT, **members}


def valued(name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401
    return patient(extension=[{"url": "http://example.org/v", f"value{name}": value}])


def appointment(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    participant = [{"actor": REFERENCE, "status": "accepted"}]
    times = {"start": "2026-03-01T09:00:00Z", "end": "2026-03-01T10:00:00Z"}
    return {"resourceType": "Appointment", "participant": participant, **times, **members}


def questionnaire(*items: dict[str, Any], **members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"resourceType": "Questionnaire", "status": "active", "item": list(items), **members}


def item(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"linkId": "1", "type": "string", **members}


def when(name: str, answer: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"question": "2", "operator": name, **answer}


def risk(**prediction: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "resourceType": "RiskAssessment",
        "status": "final",
        "subject": REFERENCE,
        "prediction": [prediction],
    }


def condition(code: str | None, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    coding = {"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": code}
    category = {"category": [{"coding": [coding]}]} if code else {}
    return {"resourceType": "Condition", "subject": REFERENCE, **category, **members}


def team(participant: dict[str, Any], *contained: dict[str, Any]) -> dict[str, Any]:
    inside = {"contained": list(contained)} if contained else {}
    return {"resourceType": "CareTeam", "participant": [participant], **inside}


def task(**members: str) -> dict[str, Any]:
    return {"resourceType": "Task", "status": "requested", "intent": "order", **members}


def code_system(*concepts: dict[str, Any]) -> dict[str, Any]:
    base = {"resourceType": "CodeSystem", "status": "active", "content": "complete"}
    return {**base, "concept": list(concepts)}


def element(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "resourceType": "StructureDefinition",
        "url": "http://example.org/s",
        "name": "Example",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient", **members}]},
    }


def quantity(value: float, unit: str = "mg") -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


ORGANIZATION = {"resourceType": "Organization", "id": "o", "name": "Harbour"}
PRACTITIONER = {"resourceType": "Practitioner", "id": "o"}
BEHALF = {"onBehalfOf": {"reference": "Organization/1"}}

# The rules that a resource breaks
CASES: list[tuple[dict[str, Any], set[str]]] = [
    # per-1 compares the bounds of what is known
    (valued("Period", {"start": "2026-03-01", "end": "2026-03-02"}), set()),
    (valued("Period", {"start": "2026-03-02", "end": "2026-03-01"}), {"per-1"}),
    (valued("Period", {"start": "2026-03-02"}), set()),
    (valued("Period", {"end": "2026-03-02"}), set()),
    (valued("Period", {"start": "2026-03-01T23:00:00-05:00", "end": "2026-03-02T03:00:00Z"}),
     {"per-1"}),
    (valued("Period", {"start": "2026-03-01", "end": "2026-03-01T06:20:00Z"}), set()),
    (valued("Period", {"start": "2026-03-01T06:20:00Z", "end": "2026-03-01"}), set()),
    (valued("Period", {"start": "2026-04", "end": "2026-03-01"}), {"per-1"}),
    (task(authoredOn="2026-03-02", lastModified="2026-03-01"), {"inv-1"}),
    (task(authoredOn="2026-03-02", lastModified="2026-03-02T10:00:00Z"), set()),
    # rng-2 compares what has one unit
    (valued("Range", {"low": quantity(1), "high": quantity(2)}), set()),
    (valued("Range", {"low": quantity(2), "high": quantity(1)}), {"rng-2"}),
    (valued("Range", {"low": quantity(2), "high": quantity(1, "g")}), set()),
    (valued("Range", {"low": quantity(2)}), set()),
    (valued("Quantity", {"value": 1, "code": "mg"}), {"qty-3"}),
    (valued("Age", {"value": 1, "code": "a", "system": UCUM}), set()),
    (valued("Age", {"value": -1, "code": "a", "system": UCUM}), {"age-1"}),
    (valued("Age", {"value": 1, "system": UCUM}), {"age-1"}),
    (valued("Count", {"value": 1, "code": "1", "system": UCUM}), set()),
    (valued("Count", {"value": 1, "code": "mg", "system": UCUM}), {"cnt-3"}),
    (valued("Ratio", {"numerator": {"value": 1}}), {"rat-1"}),
    (valued("ContactPoint", {"value": "555"}), {"cpt-2"}),
    (valued("Attachment", {"data": "aGVsbG8="}), {"att-1"}),
    (valued("Timing", {"repeat": {"offset": 5, "when": ["HS"]}}), set()),
    (valued("Timing", {"repeat": {"offset": 5, "when": ["HS", "PC"]}}), set()),
    (valued("Timing", {"repeat": {"offset": 5, "when": ["HS", "CM"]}}), {"tim-9"}),
    (valued("Timing", {"repeat": {"offset": 5}}), {"tim-9"}),
    (valued("Timing", {"repeat": {"when": ["CM"]}}), set()),
    (valued("Timing", {"repeat": {"duration": -1, "durationUnit": "h"}}), {"tim-4"}),
    (appointment(status="noshow", cancelationReason=CONCEPT), set()),
    (appointment(status="cancelled", cancelationReason=CONCEPT), set()),
    (appointment(status="booked", cancelationReason=CONCEPT), {"app-4"}),
    (appointment(status="booked"), set()),
    (questionnaire(item(enableWhen=[when("exists", {"answerBoolean": True})])), set()),
    (questionnaire(item(enableWhen=[when("exists", {"answerInteger": 1})])), {"que-7"}),
    (questionnaire(item(enableWhen=[when("=", {"answerInteger": 1})])), set()),
    (questionnaire(item(enableWhen=[when("=", {"answerInteger": 1})] * 2)), {"que-12"}),
    (questionnaire(item(enableWhen=[when("=", {"answerInteger": 1})] * 2, enableBehavior="any")),
     set()),
    (questionnaire(item(), item()), {"que-2"}),
    (questionnaire(item(type="group", item=[item()])), {"que-2"}),
    (questionnaire(item(type="group", item=[item(linkId="2")])), set()),
    (questionnaire(item(type="group")), {"que-1"}),
    (risk(outcome=CONCEPT), set()),
    (risk(probabilityDecimal=100), set()),
    (risk(probabilityDecimal=101), {"ras-2"}),
    (risk(probabilityRange={"low": quantity(1, "%")}), set()),
    (risk(probabilityRange={"low": quantity(1, "mg")}), {"ras-1"}),
    (team(BEHALF | {"member": {"reference": "Practitioner/1"}}), set()),
    (team(BEHALF | {"member": {"reference": "Patient/1"}}), {"ctm-1"}),
    (team(BEHALF | {"member": {"display": "somebody"}}), set()),
    (team(BEHALF), {"ctm-1"}),
    (team({"member": {"reference": "Patient/1"}}), set()),
    (team(BEHALF | {"member": {"reference": "#o"}}, PRACTITIONER), set()),
    (team(BEHALF | {"member": {"reference": "#o"}}, ORGANIZATION), {"ctm-1"}),
    (code_system({"code": "a"}, {"code": "b", "concept": [{"code": "c"}]}), set()),
    (code_system({"code": "a"}, {"code": "b", "concept": [{"code": "a"}]}), {"csd-1"}),
    (element(min=0, max="1"), set()),
    (element(min=2, max="1"), {"eld-2"}),
    (element(min=2, max="*"), set()),
    (element(max="many"), {"eld-3"}),
    (element(sliceName="a b"), {"eld-16", "sdf-23"}),
    (element(label="x"), {"sdf-9"}),
    (element(constraint=[{"key": "a", "severity": "error", "human": "x"}] * 2), {"eld-14"}),
    (patient(contained=[ORGANIZATION]), {"dom-3"}),
    (patient(contained=[ORGANIZATION], managingOrganization={"reference": "#o"}), set()),
    (patient(contained=[{**ORGANIZATION, "partOf": {"reference": "#"}}]), set()),
    (patient(contained=[ORGANIZATION], extension=[{"url": "x:u", "valueCanonical": "#o"}]), set()),
    (patient(contained=[ORGANIZATION], extension=[{"url": "x:u", "valueUri": "#o"}]), set()),
    ({"resourceType": "Device", "url": "10.0.0.7:8080"}, set()),
    (observation(valueInteger=1, dataAbsentReason=CONCEPT), {"obs-6"}),
    (observation(dataAbsentReason=CONCEPT), set()),
    (
        observation(code={"coding": [{"code": "a"}]}, valueInteger=1,
                    component=[{"code": {"coding": [{"code": "a"}]}}]),
        {"obs-7"},
    ),
    (
        observation(code={"coding": [{"code": "a"}]},
                    component=[{"code": {"coding": [{"code": "a"}]}}]),
        set(),
    ),
    ({"resourceType": "Organization", "id": "x"}, {"org-1"}),
    ({"resourceType": "Organization", "name": "x", "telecom": [{"use": "home"}]}, {"org-3"}),
    ({"resourceType": "Organization", "name": "x", "telecom": [{"use": "work"}]}, set()),
    ({"resourceType": "Linkage", "item": [{"type": "source", "resource": REFERENCE}]}, {"lnk-1"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "rules"),
    [pytest.param(*case, id=f"{n}-{case[0]['resourceType']}") for n, case in enumerate(CASES)],
)
def test_a_resource_breaks_these_rules(resource: dict[str, Any], rules: set[str]) -> None:
    assert broken(resource) == rules


def test_a_rule_on_an_element_is_told_at_each_of_its_values() -> None:
    telecom = [{"use": "work", "system": "phone"}, {"use": "home", "system": "phone"}]
    organization = {"resourceType": "Organization", "name": "x", "telecom": telecom}

    assert [issue.expression for issue in validate(organization)] == ["Organization.telecom[1]"]


def test_a_rule_is_judged_beside_faults_of_value_but_not_of_shape() -> None:
    both = observation(valueInteger=1, dataAbsentReason=CONCEPT)

    assert {issue.code for issue in validate({**both, "status": "x"})} == {
        "code-invalid",
        "invariant",
    }
    assert {issue.code for issue in validate({**both, "unknown": "x"})} == {"structure"}


@pytest.mark.parametrize(
    ("resource", "rules"),
    [
        (questionnaire(item(), name="Phq9"), set()),
        (questionnaire(item(), name="my Name"), {"que-0"}),
        (questionnaire(item()), set()),
        (condition("problem-list-item"), {"con-3"}),
        (condition("encounter-diagnosis"), set()),
        (condition(None), set()),
    ],
)
def test_a_rule_that_warns_is_asked_only_where_warnings_are_wanted(
    resource: dict[str, Any], rules: set[str]
) -> None:
    assert broken(resource) == set()
    assert broken(resource, warnings=True) == rules | {"dom-6"}
    assert {issue.severity for issue in validate(resource, warnings=True)} <= {"warning"}


def test_every_rule_of_r4_is_enforced_or_left_out_for_a_reason() -> None:
    published = {(name, rule.key) for name in type_names() for rule in invariants(name)}

    assert published >= set(REWRITTEN) | set(BY_HAND)
    assert {key for _, key in published} >= set(LEFT_OUT)
    for name in type_names():
        rules_of(type_definition(name))


def test_no_rule_asks_for_what_only_a_whole_expression_knows() -> None:
    for name in type_names():
        for rule in invariants(name):
            # Told by the resource around, of which such an element is a direct part.
            assert "%resource" not in rule.expression or name.count(".") <= 1
            assert "%context" not in expression_of(name, rule.key, rule.expression)


def test_the_resources_of_the_other_tests_break_no_rule() -> None:
    assert broken(PATIENT) == broken(OBSERVATION) == set()
