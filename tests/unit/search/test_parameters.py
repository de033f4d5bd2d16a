"""Which search parameters are served, and that their paths are those of their expressions."""

from __future__ import annotations

import pytest

from shared.fhir.definitions import RESOURCE_TYPES, search_parameters
from shared.fhir.search.expression import Condition, Path, Step, paths
from shared.fhir.search.parameters import served_parameters

UNSERVED_TYPES = {"special"}
# These select a resource inside a Bundle, of which only a chain could ask anything.
UNSERVED = {("Bundle", "composition"), ("Bundle", "message")}


@pytest.mark.parametrize("resource_type", sorted({*RESOURCE_TYPES} - {"AuditEvent"}))
def test_every_parameter_is_served_but_special_ones(resource_type: str) -> None:
    defined = {
        code
        for code, definition in search_parameters(resource_type).items()
        if definition.type not in UNSERVED_TYPES and (resource_type, code) not in UNSERVED
    }
    assert served_parameters(resource_type).keys() == defined


def test_parameters_of_every_resource_are_served() -> None:
    shared = {"_id", "_lastUpdated", "_profile", "_security", "_source", "_tag"}
    others = {*RESOURCE_TYPES} - {"AuditEvent"}
    assert all(shared <= served_parameters(each).keys() for each in others)


def test_an_audit_event_is_searched_by_all_of_r4s_parameters_and_sorted_by_all_but_its_id() -> None:
    served = served_parameters("AuditEvent")
    defined = search_parameters("AuditEvent")
    assert served.keys() == {code for code, each in defined.items() if each.type != "special"}
    assert served["action"].modifiers == served_parameters("Patient")["gender"].modifiers
    assert [code for code, each in served.items() if not each.is_sortable] == ["_id"]


def steps(resource_type: str, expression: str) -> list[tuple[tuple[Step, ...], str]]:
    return [(path.steps, path.type) for path in paths(resource_type, expression)]


@pytest.mark.parametrize(
    ("resource_type", "expression", "found"),
    [
        (
            "Patient",
            "Patient.name.family",
            [((Step("name", repeats=True), Step("family")), "string")],
        ),
        (
            "InsurancePlan",
            "name | alias",
            [((Step("name"),), "string"), ((Step("alias", repeats=True),), "string")],
        ),
        (
            "Observation",
            "(Observation.value as CodeableConcept) | Observation.value.as(Quantity)",
            [
                ((Step("valueCodeableConcept"),), "CodeableConcept"),
                ((Step("valueQuantity"),), "Quantity"),
            ],
        ),
        (
            "Observation",
            "(Observation.value as CodeableConcept).text",
            [((Step("valueCodeableConcept"), Step("text")), "string")],
        ),
        (
            "Account",
            "Account.subject.where(resolve() is Patient)",
            [((Step("subject", Condition("type", "Patient"), repeats=True),), "Reference")],
        ),
        (
            "Patient",
            "Patient.telecom.where(system='email')",
            [
                (
                    (Step("telecom", Condition("member", "email", "system"), repeats=True),),
                    "ContactPoint",
                )
            ],
        ),
        (
            "Bundle",
            "Bundle.entry[0].resource",
            [
                (
                    (Step("entry", Condition("place", "0"), repeats=True), Step("resource")),
                    "Resource",
                )
            ],
        ),
    ],
)
def test_an_expression_becomes_paths(
    resource_type: str, expression: str, found: list[tuple[tuple[Step, ...], str]]
) -> None:
    assert steps(resource_type, expression) == found


def test_an_expression_that_ends_at_an_extension_means_its_value() -> None:
    found = paths("Device", "Device.extension('http://a')")
    url = Condition("member", "http://a", "url")
    assert len(found) == 50
    assert {path.steps[0] for path in found} == {Step("extension", url, repeats=True)}
    assert "valueCodeableConcept" in {path.steps[1].key for path in found}


@pytest.mark.parametrize("text", ["Patient.name.first()", "Patient.where(name.exists())", "a + b"])
def test_an_expression_that_is_not_understood_is_a_fault_of_ours(text: str) -> None:
    with pytest.raises(ValueError, match=r"exists|first|\+"):
        paths("Patient", text)


def test_a_path_knows_whether_there_is_always_one_value_and_only_one() -> None:
    def known(resource_type: str, expression: str) -> list[tuple[bool, bool]]:
        found: tuple[Path, ...] = paths(resource_type, expression)
        return [(path.required, path.single) for path in found]

    assert known("Observation", "Observation.code") == [(True, True)]
    assert known("Observation", "Observation.subject") == [(False, True)]
    assert known("Observation", "Observation.category") == [(False, False)]
    assert known("Observation", "Observation.code.coding") == [(False, False)]
    assert known("Account", "Account.subject.where(resolve() is Patient)") == [(False, False)]
