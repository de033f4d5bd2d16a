"""The compiled definitions are those of R4 4.0.1: these numbers are its fingerprint."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.fhir.definitions import (
    RESOURCE_TYPES,
    TYPE_CODE,
    TYPE_NAME,
    compartment_parameters,
    invariants,
    required_codes,
    search_parameters,
    system_of,
    type_definition,
    type_names,
)
from shared.fhir.definitions.compile import compile_package

ADMINISTRATIVE_GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
DATA = Path(__file__).parents[2] / "shared/fhir/definitions"
PACKAGE = Path(__file__).parents[2] / "var/examples/package"


def bindings() -> list[str]:
    return [
        element.binding
        for name in type_names()
        for element in type_definition(name).elements.values()
        if element.binding is not None
    ]


def test_r4_has_146_resource_types_with_stable_numbers() -> None:
    assert len(RESOURCE_TYPES) == 146
    assert list(RESOURCE_TYPES) == sorted(RESOURCE_TYPES)
    assert (TYPE_CODE["Account"], TYPE_CODE["VisionPrescription"]) == (1, 146)
    assert all(TYPE_NAME[code] == name for name, code in TYPE_CODE.items())


def test_the_tables_hold_every_type_element_and_key() -> None:
    definitions = [type_definition(name) for name in type_names()]
    elements = [element for found in definitions for element in found.elements.values()]

    assert sum(found.kind == "backbone" for found in definitions) == 473
    assert len(elements) == 7_420
    assert sum(len(element.keys) for element in elements) == 8_221


def test_an_element_says_whether_it_is_of_the_summary_and_whether_it_modifies() -> None:
    elements = [each for name in type_names() for each in type_definition(name).elements.values()]
    patient = type_definition("Patient").elements

    assert sum(each.summary for each in elements) == 3_276
    assert sum(each.modifier for each in elements) == 905
    assert {name for name, each in patient.items() if each.modifier} == {
        "implicitRules", "modifierExtension", "active", "deceased", "link",
    }  # fmt: skip
    assert patient["birthDate"].summary
    assert not patient["contact"].summary


def test_every_type_that_a_key_names_is_defined() -> None:
    named = {
        key.type
        for name in type_names()
        for element in type_definition(name).elements.values()
        for key in element.keys
    }

    assert named <= set(type_names())


def test_there_are_368_required_bindings_of_224_value_sets() -> None:
    found = bindings()
    listed = [codes for url in set(found) if (codes := required_codes(url)) is not None]

    assert (len(found), len(set(found))) == (368, 224)
    assert len(listed) == 221
    assert sum(map(len, listed)) == 2_066 + 182  # and the currencies of ISO 4217


def test_value_sets_without_a_list_say_so() -> None:
    unlisted = {url for url in bindings() if required_codes(url) is None}

    assert unlisted == {
        "http://hl7.org/fhir/ValueSet/mimetypes",
        "http://hl7.org/fhir/ValueSet/ucum-units",
        "http://loinc.org/vs/LL379-9",
    }


def test_a_binding_knows_its_codes_and_its_one_system() -> None:
    system = "http://hl7.org/fhir/administrative-gender"

    assert required_codes(ADMINISTRATIVE_GENDER) == frozenset(
        (system, code) for code in ("female", "male", "other", "unknown")
    )
    assert system_of(ADMINISTRATIVE_GENDER) == system
    assert system_of("http://hl7.org/fhir/ValueSet/mimetypes") is None


def test_what_other_copies_of_r4_added_is_unknown() -> None:
    assert "project" not in type_definition("Meta").elements
    assert "url" not in type_definition("Binary").elements
    with pytest.raises(KeyError):
        type_definition("SubscriptionStatus")


def test_the_surprises_of_the_snapshots_are_resolved() -> None:
    observation = type_definition("Observation").elements
    component = type_definition("Observation.component").elements

    assert observation["id"].keys[0].type == "id"
    assert type_definition("Extension").elements["url"].keys[0].type == "uri"
    assert component["referenceRange"].keys[0].type == "Observation.referenceRange"
    assert type_definition("Bundle.entry").elements["link"].keys[0].type == "Bundle.link"
    assert type_definition("Observation.referenceRange").elements["low"].keys[0].type == (
        "SimpleQuantity"
    )
    assert type_definition("SimpleQuantity").elements["comparator"].max == 0


def test_a_choice_has_one_key_for_each_type() -> None:
    value = type_definition("Observation").elements["value"]

    assert value.choice
    assert len(value.keys) == 11
    assert ("valueQuantity", "Quantity") in {(key.json, key.type) for key in value.keys}


def test_a_reference_knows_its_targets_and_none_means_any() -> None:
    elements = type_definition("Observation").elements

    assert elements["encounter"].keys[0].targets == ("Encounter",)
    assert elements["focus"].keys[0].targets == ()


def test_r4_has_1381_search_parameters_with_an_expression() -> None:
    definitions = [
        definition
        for resource_type in ("Resource", "DomainResource", *RESOURCE_TYPES)
        for definition in search_parameters(resource_type).values()
    ]

    assert len({found.url for found in definitions if found.expression}) == 1_381
    assert {found.code for found in definitions if not found.expression} == {"_text", "_content"}


def test_a_shared_parameter_keeps_only_this_types_alternatives() -> None:
    parameters = search_parameters("Observation")

    assert parameters["patient"].expression == "Observation.subject.where(resolve() is Patient)"
    assert parameters["patient"].description.startswith("The subject that the observation")
    assert search_parameters("InsurancePlan")["name"].expression == "name | alias"
    assert parameters["_lastUpdated"].expression == "Resource.meta.lastUpdated"


def test_every_own_parameter_has_an_alternative_for_its_type() -> None:
    empty = [
        (resource_type, definition.code)
        for resource_type in RESOURCE_TYPES
        for definition in search_parameters(resource_type).values()
        if not definition.expression and definition.type != "special"
    ]

    assert empty == []


def test_the_number_of_a_code_is_the_same_for_every_type() -> None:
    numbers = {
        (definition.code, definition.number)
        for resource_type in RESOURCE_TYPES
        for definition in search_parameters(resource_type).values()
    }

    assert len(numbers) == len({code for code, _ in numbers}) == 456
    assert {number for _, number in numbers} == set(range(1, 457))


def test_the_base_types_have_239_rules_of_their_own() -> None:
    rules = [rule for name in type_names() for rule in invariants(name)]

    assert len({(rule.key, rule.expression, rule.severity) for rule in rules}) == 239
    assert [rule.key for rule in invariants("Observation")] == ["obs-6", "obs-7"]
    assert [rule.key for rule in invariants("Organization") if rule.element] == ["org-3", "org-2"]
    assert invariants("Meta") == ()


def test_a_binary_has_no_narrative_to_search() -> None:
    assert "_text" in search_parameters("Patient")
    assert "_text" not in search_parameters("Binary")


def test_the_patient_compartment_names_parameters_that_exist() -> None:
    assert compartment_parameters("Patient", "Observation") == ("subject", "performer")
    assert compartment_parameters("Patient", "Patient") == ("link",)
    assert compartment_parameters("Encounter", "Encounter") == ()
    assert compartment_parameters("Patient", "Organization") == ()
    for resource_type in RESOURCE_TYPES:
        known = search_parameters(resource_type)
        assert set(compartment_parameters("Patient", resource_type)) <= set(known)


@pytest.mark.skipif(not PACKAGE.exists(), reason="var/examples/package is absent: make examples")
def test_the_data_files_are_what_the_official_package_compiles_to(tmp_path: Path) -> None:
    compile_package(PACKAGE, tmp_path)

    compiled = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert compiled == {path.name: path.read_bytes() for path in DATA.glob("*.json")}
