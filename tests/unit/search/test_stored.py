"""Search parameters that are stored: what they index, and which can be registered."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fhir.definitions import RESOURCE_TYPES, search_parameters
from shared.fhir.errors import InvalidSearch
from shared.fhir.reader import read
from shared.fhir.search.index import IndexRow, index
from shared.fhir.search.parse import read_query
from shared.fhir.search.query import Chain, Criterion
from shared.fhir.search.reading import Reading
from shared.fhir.search.registration import faults, is_of_r4, is_same, kept
from shared.fhir.search.stored import Registered, stored_parameters
from shared.fhir.search.terms import (
    code_term,
    coding_term,
    folded_term,
    present_term,
    target_term,
    uri_term,
)
from shared.fhir.search.uses import uses_of
from shared.fhir.writer import write

NUMBER = 10_000
ORGANIZATION = target_term(NUMBER, "Organization", "o1")
EYES = "https://clinic.example/fhir/StructureDefinition/eye-colour"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "extension": [{"url": EYES, "valueCodeableConcept": {"coding": [{"code": "blue"}]}}],
    "name": [{"family": "Synthetic-Oak", "given": ["Gia"]}],
    "birthDate": "1994-06-17",
    "gender": "female",
    "multipleBirthInteger": 2,
    "managingOrganization": {"reference": "Organization/o1"},
    "implicitRules": "https://clinic.example/rules",
    "communication": [{"language": {"text": "Polish"}, "preferred": True}],
}


def definition(kind: str, expression: str, **other: object) -> dict[str, Any]:
    return {
        "url": "https://clinic.example/fhir/SearchParameter/own",
        "code": "own",
        "base": ["Patient"],
        "type": kind,
        "expression": expression,
    } | other


def reading(kind: str, expression: str, **other: object) -> Reading:
    registered = Registered(NUMBER, 3, definition(kind, expression, **other))
    return Reading(stored=stored_parameters(3, [registered]))


def indexed(kind: str, expression: str) -> IndexRow:
    return index(read(write(PATIENT)), reading(kind, expression))


def own_terms(row: IndexRow) -> set[str]:
    return {term for term in row.terms if term.startswith(str(NUMBER))}


@pytest.mark.parametrize(
    ("kind", "expression", "terms"),
    [
        (
            "token",
            f"Patient.extension('{EYES}').value",
            {code_term(NUMBER, "blue"), coding_term(NUMBER, "", "blue")},
        ),
        ("token", "Patient.birthDate > @1990-01-01", {folded_term(NUMBER, "true")}),
        ("token", "name.given", {folded_term(NUMBER, "Gia")}),
        ("token", "Patient.nothing", set()),
        ("token", "Patient.name", set()),
        ("token", "Patient.name.given > 1", set()),
        ("reference", "Patient.managingOrganization", {ORGANIZATION}),
        ("reference", "managingOrganization.where(resolve() is Organization)", {ORGANIZATION}),
        ("reference", "managingOrganization.where(resolve() is Patient)", set()),
        ("uri", "Patient.implicitRules", {uri_term(NUMBER, "https://clinic.example/rules")}),
    ],
)
def test_values_become_terms_by_their_type(kind: str, expression: str, terms: set[str]) -> None:
    marker = {present_term(NUMBER)} if terms else set()

    assert own_terms(indexed(kind, expression)) == terms | marker


def test_a_code_is_found_with_the_system_of_its_element() -> None:
    system = "http://hl7.org/fhir/administrative-gender"
    found = own_terms(indexed("token", "Patient.gender"))

    assert {code_term(NUMBER, "female"), coding_term(NUMBER, system, "female")} <= found


def test_strings_dates_numbers_and_quantities_have_rows_of_their_own() -> None:
    names = indexed("string", "Patient.name.given.first() + ' ' + Patient.name.family.first()")
    dates = indexed("date", "Patient.birthDate")
    plain = index(PATIENT)

    assert [exact for number, _, exact in names.strings if number == NUMBER] == [
        "Gia Synthetic-Oak"
    ]
    [day] = [each for each in dates.dates if each[0] == NUMBER]
    assert day[2] - day[1] == 24 * 3600 * 1_000_000
    assert dates.main == plain.main
    numbers = indexed("number", "Patient.multipleBirth.ofType(integer)").quantities
    assert [(each.parameter, each.low, each.high) for each in numbers] == [(NUMBER, "2", "2")]
    computed = indexed("number", "1.50 + Patient.name.count()").quantities
    assert [each.low for each in computed] == ["2.50"]


def test_what_r4_indexes_is_not_touched() -> None:
    row, plain = indexed("token", "Patient.gender"), index(PATIENT)

    assert set(plain.terms) == set(row.terms) - own_terms(row)
    assert row.strings == plain.strings
    assert row.patients == plain.patients


def test_queries_know_it_wherever_a_parameter_can_stand() -> None:
    known = reading("token", "Patient.gender")
    [plain] = read_query("Patient", [("own:not", "female")], known).criteria
    [chain] = read_query("Observation", [("subject:Patient.own", "female")], known).criteria
    assert isinstance(plain, Criterion)
    assert plain.parameter.number == NUMBER
    assert isinstance(chain, Chain)
    sorted_by = reading("string", "Patient.name.family")
    assert read_query("Patient", [("_sort", "-own")], sorted_by).sort[0].descending

    with pytest.raises(InvalidSearch, match=r"no search parameter 'own'; valid .* are _id"):
        read_query("Patient", [("own", "x")], Reading())
    with pytest.raises(InvalidSearch, match=r"no search parameter 'other'; .* own"):
        read_query("Patient", [("other", "x")], known)
    with pytest.raises(InvalidSearch, match=r"no modifier ':exact'"):
        read_query("Patient", [("own:exact", "x")], known)


def test_a_search_tells_which_types_it_looks_at_by_what() -> None:
    known = reading("token", "Patient.gender")
    pairs = [("subject:Patient.own", "x"), ("_sort", "date")]
    query = read_query("Observation", pairs, known)
    used = {(name, each.code) for name, each in uses_of(query) if each is not None}

    assert used == {("Observation", "subject"), ("Patient", "own"), ("Observation", "date")}
    assert known.stored.since("Patient", NUMBER) == 3
    assert known.stored.since("Observation", NUMBER) is None


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        (definition("composite", "Patient"), "type composite"),
        (definition("special", "Patient"), "type special"),
        (definition("token", ""), "no expression"),
        (definition("token", "Patient.gender ="), "not of use"),
        (definition("token", "Patient.gender.sing()"), "not of use"),
        (definition("token", "Patient.gender", code="gender"), "R4 itself"),
        (definition("token", "Patient.gender", code="_own"), "no code"),
        (definition("token", "Patient.gender", base=["DomainResource"]), "not a type"),
        (definition("token", "Patient.gender", base=["AuditEvent"]), "not a type"),
    ],
)
def test_what_cannot_be_served_is_told(faulty: dict[str, Any], words: str) -> None:
    [issue] = faults([faulty])

    assert words in issue.diagnostics
    assert issue.severity == "error"


def test_two_definitions_of_one_name_are_told() -> None:
    first = definition("token", "Patient.gender")
    other = first | {"url": "https://clinic.example/fhir/SearchParameter/other"}

    assert faults([first]) == []
    assert [each.expression for each in faults([first, other])] == ["SearchParameter.code"]


def test_what_is_kept_of_a_definition_is_what_a_search_needs() -> None:
    whole = definition("token", "Patient.gender", description="Own.", status="active", id="x")

    assert kept(whole) == definition("token", "Patient.gender", description="Own.")
    assert is_same(whole, whole | {"description": "Another."})
    assert not is_same(whole, whole | {"expression": "Patient.name"})


def test_r4s_own_definitions_are_known_by_their_urls() -> None:
    gender = search_parameters("Patient")["gender"]
    same = definition("token", "Patient.gender", url=gender.url, code="gender")

    assert is_of_r4(same)
    assert not is_of_r4(same | {"url": "https://clinic.example/fhir/SearchParameter/gender"})


def test_the_numbers_of_r4s_own_parameters_are_lower() -> None:
    numbers = {each.number for name in RESOURCE_TYPES for each in search_parameters(name).values()}

    assert max(numbers) < NUMBER
