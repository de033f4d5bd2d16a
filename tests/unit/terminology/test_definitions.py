"""The value sets and code systems of R4 are carried whole, and agree with its bindings."""

from __future__ import annotations

from shared.fhir.definitions import (
    defined_code_system,
    defined_value_set,
    required_codes,
    type_definition,
    type_names,
)
from shared.fhir.terminology import Holdings, code_system_of, expand, named_in

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def holdings(value_set: dict[str, object]) -> Holdings:
    systems, value_sets = {}, {}
    left = list(named_in(value_set))
    while left:
        kind, url = left.pop()
        system, imported = defined_code_system(url), defined_value_set(url)
        if kind == "CodeSystem" and system is not None:
            systems[url] = code_system_of(system)
        elif kind == "ValueSet" and imported is not None and url not in value_sets:
            value_sets[url] = imported
            left += named_in(imported)
    return Holdings(systems, value_sets)


def test_every_required_binding_expands_to_the_codes_that_a_write_is_held_to() -> None:
    bound = {
        element.binding
        for name in type_names()
        for element in type_definition(name).elements.values()
        if element.binding is not None
    }
    compared = 0
    for url in sorted(bound):
        codes = required_codes(url)
        value_set = defined_value_set(url.partition("|")[0])
        # The currencies stand in ISO 4217, which R4 does not carry.
        if codes is None or value_set is None or url.endswith("/currencies"):
            continue
        members = expand(holdings(value_set), value_set)
        assert {(each.system, each.code) for each in members} == codes, url
        compared += 1
    assert compared == 220


def test_a_concept_knows_its_name_and_its_place() -> None:
    system = code_system_of(defined_code_system(ACT_CODE) or {})
    inpatient = system.find("ACUTE")
    assert inpatient is not None
    assert inpatient.display == "inpatient acute"
    assert inpatient.parents == ("IMP",)
    assert "ACUTE" in system.descendants("_ActEncounterCode")


def test_what_r4_does_not_list_is_not_carried() -> None:
    assert defined_code_system("http://snomed.info/sct") is None
    assert defined_code_system("http://loinc.org") is None
    assert defined_value_set("http://test.example/vs") is None
