"""What R4 only recommends is told where it is asked for: codes of its lists, and a narrative."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fhir.definitions import type_definition, type_names
from shared.fhir.definitions.advisory_bindings import advisory_bindings
from shared.fhir.terminology import defined_codes
from shared.fhir.validation import validate
from tests.unit.fhir_validation.resources import DIV, DROP, PATIENT, VALID, damaged

SYSTEMS = "http://terminology.hl7.org/CodeSystem"
OWN = "http://example.org/codes"
NARRATIVE = {"status": "generated", "div": DIV}


def concept(code: str, system: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def patient(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"resourceType": "Patient", "text": NARRATIVE, **members}


def advice(resource: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Tell what is recommended of a resource that is valid."""
    assert validate(resource) == []
    found = validate(resource, warnings=True)
    return [(each.severity, each.code, each.expression) for each in found]


def outside(severity: str, place: str) -> list[tuple[str, str, str | None]]:
    return [(severity, "code-invalid", place)]


MARRIED = concept("M", f"{SYSTEMS}/v3-MaritalStatus")
HANDED = concept("hand", OWN)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"maritalStatus": MARRIED}, []),
        ({"maritalStatus": HANDED}, outside("warning", "Patient.maritalStatus")),
        # The system is a part of the code.
        ({"maritalStatus": concept("M", OWN)}, outside("warning", "Patient.maritalStatus")),
        # One coding of the list is enough, and a text is no code.
        ({"maritalStatus": {"coding": HANDED["coding"] + MARRIED["coding"]}}, []),
        ({"maritalStatus": {"text": "together"}}, []),
        ({"maritalStatus": {"coding": [{"display": "together"}]}}, []),
        # In a list, in a backbone element, and of a plain code.
        (
            {"contact": [{"name": {"text": "x"}, "relationship": [HANDED]}]},
            outside("warning", "Patient.contact[0].relationship[0]"),
        ),
        ({"communication": [{"language": HANDED}]},
         outside("information", "Patient.communication[0].language")),
        ({"language": "tlh"}, outside("information", "Patient.language")),
        ({"language": "de-CH"}, []),
        # In a datatype, and in one behind an extension or a twin.
        ({"identifier": [{"value": "1", "type": HANDED}]},
         outside("warning", "Patient.identifier[0].type")),
        (
            {"_birthDate": {"extension": [{"url": OWN, "valueIdentifier": {"type": HANDED}}]}},
            outside("warning", "Patient.birthDate.extension[0].value.type"),
        ),
    ],
)  # fmt: skip
def test_a_code_outside_a_recommended_list_is_told_at_its_place(
    members: dict[str, Any], expected: list[tuple[str, str, str | None]]
) -> None:
    assert advice(patient(**members)) == expected


@pytest.mark.parametrize(
    "resource",
    [
        # ISO 3166, LOINC and UCUM are not listed here.
        {"resourceType": "Library", "status": "draft", "type": {"text": "x"},
         "jurisdiction": [HANDED]},
        {"resourceType": "DiagnosticReport", "status": "final", "code": HANDED},
        {"resourceType": "ObservationDefinition", "code": {"text": "x"},
         "quantitativeDetails": {"unit": HANDED}},
    ],
    ids=lambda resource: resource["resourceType"],
)  # fmt: skip
def test_nothing_is_told_of_a_list_that_nobody_here_knows(resource: dict[str, Any]) -> None:
    assert advice({**resource, "text": NARRATIVE}) == []


def test_a_coding_and_a_resource_within_are_judged_too() -> None:
    role = {"system": OWN, "code": "hand"}
    event = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": patient(maritalStatus=HANDED, meta={"tag": [role]})}],
    }
    place = "Bundle.entry[0].resource.maritalStatus"
    assert advice(event) == outside("warning", place)

    encounter = {
        "resourceType": "Encounter",
        "text": NARRATIVE,
        "status": "planned",
        "class": role,
        "contained": [{**patient(id="p", maritalStatus=HANDED)}],
        "subject": {"reference": "#p"},
    }
    assert advice(encounter) == [
        *outside("warning", "Encounter.class"),
        *outside("warning", "Encounter.contained[0].maritalStatus"),
    ]


def test_a_missing_narrative_is_told_once_of_the_whole_resource() -> None:
    bare = {"resourceType": "Patient", "contained": [{"resourceType": "Basic", "code": {}}]}

    assert advice({"resourceType": "Patient"}) == [("warning", "invariant", "Patient")]
    assert advice(patient()) == []
    assert advice({"resourceType": "Binary", "contentType": "text/plain"}) == []
    told = validate(bare, warnings=True)
    assert [each.expression for each in told if "dom-6" in each.diagnostics] == ["Patient"]


def test_faults_are_told_before_what_is_only_recommended_and_both_are_told() -> None:
    faulty = damaged(damaged(PATIENT, "text", DROP), "gender", "x") | {"maritalStatus": HANDED}

    found = validate(faulty, warnings=True)
    assert [(each.severity, each.expression) for each in found] == [
        ("error", "Patient.gender"),
        ("warning", "Patient.maritalStatus"),
        ("warning", "Patient"),
    ]


def test_a_hundred_warnings_are_enough_and_make_nothing_invalid() -> None:
    many = patient(contact=[{"name": {"text": "x"}, "relationship": [HANDED] * 300}])

    found = validate(many, warnings=True)
    assert len(found) == 101
    assert found[-1].code == "too-costly"
    assert {each.severity for each in found} == {"warning"}


def test_whatever_is_recommended_the_faults_stay_the_same() -> None:
    for resource in VALID.values():
        assert {each.severity for each in validate(resource, warnings=True)} <= {
            "warning",
            "information",
        }


def test_r4_recommends_121_lists_of_which_108_are_known() -> None:
    bindings = [each for name in type_names() for each in advisory_bindings(name).values()]
    extensible = {each.value_set for each in bindings if each.strength == "extensible"}
    preferred = {each.value_set for each in bindings if each.strength == "preferred"}

    assert (len(extensible), len(preferred)) == (81, 40)
    assert sum(defined_codes(each) is not None for each in extensible) == 75
    assert sum(defined_codes(each) is not None for each in preferred) == 33
    for name in type_names():
        assert set(advisory_bindings(name)) <= set(type_definition(name).elements)
