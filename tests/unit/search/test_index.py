"""What of a resource can be searched: one golden value for each kind of element."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.fhir.dates import MIN_TIME, date_range
from shared.fhir.search.index import IndexRow, index
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.reading import Reading

BINDING = "http://hl7.org/fhir/observation-status"


def terms(resource_type: str, code: str, /, **members: object) -> set[str]:
    """Give the terms of one parameter, without its number."""
    number = str(served_parameters(resource_type)[code].number)
    found = index({"resourceType": resource_type, "id": "x", **members}).terms
    return {
        term.removeprefix(number)
        for term in found
        if term.startswith(number) and not term[len(number)].isdigit()
    }


def strings(resource_type: str, code: str, /, **members: object) -> list[tuple[str, str]]:
    number = served_parameters(resource_type)[code].number
    found = index({"resourceType": resource_type, "id": "x", **members}).strings
    return [(norm, exact) for param, norm, exact in found if param == number]


CODING = {"system": "http://a.example", "code": "b"}
CODED = {"c b", "t http://a.example b", "s http://a.example", "+"}


@pytest.mark.parametrize(
    ("resource_type", "code", "members", "found"),
    [
        ("Observation", "category", {"category": [{"coding": [CODING]}]}, CODED),
        ("Observation", "category", {"category": [{"text": "b"}]}, {"x b", "+"}),
        ("Observation", "category", {}, set()),
        ("Observation", "code", {"code": {"coding": [{"code": "b"}]}}, {"c b", "t  b"}),
        ("Observation", "code", {}, {"-"}),
        (
            "Observation",
            "status",
            {"status": "final"},
            {"c final", f"t {BINDING} final", f"s {BINDING}"},
        ),
        ("Encounter", "class", {"class": CODING}, CODED - {"+"}),
        (
            "Patient",
            "identifier",
            {"identifier": [{"system": "http://a.example", "value": "b"}]},
            CODED,
        ),
        (
            "Patient",
            "identifier",
            {"identifier": [{"system": "http://a.example"}]},
            {"s http://a.example", "+"},
        ),
        ("Patient", "active", {"active": True}, {"f true", "+"}),
        ("Patient", "deceased", {}, {"f false"}),
        ("Patient", "deceased", {"deceasedBoolean": False}, {"f false"}),
        ("Patient", "deceased", {"deceasedBoolean": True}, {"f true"}),
        ("Patient", "deceased", {"deceasedDateTime": "2026"}, {"f true"}),
        (
            "Patient",
            "email",
            {"telecom": [{"system": "email", "value": "A@b"}, {"system": "phone", "value": "1"}]},
            {"f a@b", "+"},
        ),
        ("ActivityDefinition", "version", {"version": "1.A"}, {"f 1.a", "+"}),
        ("Patient", "_tag", {"meta": {"tag": [CODING]}}, CODED),
        ("Patient", "_source", {"meta": {"source": "urn:x"}}, {"u urn:x", "+"}),
        (
            "Patient",
            "_profile",
            {"meta": {"profile": ["http://a|1"]}},
            {"u http://a|1", "u http://a", "+"},
        ),
        ("ValueSet", "url", {"url": "http://a"}, {"u http://a", "+"}),
        (
            "Observation",
            "subject",
            {"subject": {"reference": "Group/1/_history/2"}},
            {"r Group/1", "+"},
        ),
        (
            "Observation",
            "subject",
            {"subject": {"reference": "https://x.example/Patient/1/_history/2"}},
            {"u https://x.example/Patient/1", "+"},
        ),
        ("Observation", "subject", {"subject": {"display": "someone"}}, {"+"}),
        (
            "Observation",
            "subject",
            {"subject": {"identifier": {"system": "s", "value": "v"}}},
            {"ic v", "it s v", "is s", "+"},
        ),
        ("Observation", "patient", {"subject": {"reference": "Group/1"}}, set()),
        ("Observation", "patient", {"subject": {"reference": "Patient/1"}}, {"r Patient/1", "+"}),
        (
            "Observation",
            "patient",
            {"subject": {"type": "Patient", "identifier": {"value": "v"}}},
            {"ic v", "it  v", "+"},
        ),
        (
            "QuestionnaireResponse",
            "questionnaire",
            {"questionnaire": "http://a/q|2"},
            {"u http://a/q|2", "u http://a/q", "+"},
        ),
        (
            "QuestionnaireResponse",
            "questionnaire",
            {"questionnaire": "http://a/q"},
            {"u http://a/q|", "u http://a/q", "+"},
        ),
        ("Consent", "source-reference", {"sourceAttachment": {"url": "http://a"}}, set()),
        (
            "Observation",
            "gene-identifier",
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/observation-geneticsGene",
                        "valueCodeableConcept": {"coding": [CODING]},
                    },
                    {"url": "http://a", "valueCodeableConcept": {"coding": [{"code": "no"}]}},
                ]
            },
            CODED,
        ),
    ],
)
def test_a_value_becomes_terms(
    resource_type: str, code: str, members: dict[str, Any], found: set[str]
) -> None:
    assert terms(resource_type, code, **members) == found


def test_a_contained_target_has_the_type_of_its_resource() -> None:
    patient = {"resourceType": "Patient", "id": "p", "gender": "male"}
    row = {"contained": [patient], "subject": {"reference": "#p"}}
    assert terms("Observation", "patient", **row) == {"+"}
    assert terms("Observation", "patient", contained=[], subject={"reference": "#p"}) == set()


def test_what_is_contained_is_indexed_where_a_reference_leads_to_it() -> None:
    inner = {"resourceType": "Patient", "id": "p", "name": [{"family": "Oak"}]}
    told = {"resourceType": "Observation", "id": "x", "contained": [inner]}
    assert index(told) == index({"resourceType": "Observation", "id": "x"})
    led = index(told | {"subject": {"reference": "#p"}})
    assert {text for _, text, _ in led.strings} == {"oak"}
    assert led.patients == ()


def test_a_code_with_capitals_is_indexed_in_any_case_too() -> None:
    coding = {"system": "http://a.example", "code": "Low"}
    cased = "k http://a.example low"
    assert cased in terms("Observation", "code", code={"coding": [coding]})
    plain = {**coding, "code": "low"}
    assert cased not in terms("Observation", "code", code={"coding": [plain]})
    named = {"system": "http://a.example", "value": "Low"}
    assert cased not in terms("Patient", "identifier", identifier=[named])


def test_a_null_in_a_list_is_no_value() -> None:
    name = [{"given": [None, "Ann"], "_given": [{"extension": []}, None]}]
    assert strings("Patient", "given", name=name) == [("ann", "Ann")]


@pytest.mark.parametrize("code", ["family", "name"])
def test_a_family_name_is_found_by_each_of_its_words(code: str) -> None:
    assert strings("Patient", code, name=[{"family": "van der Berg-Otto"}]) == [
        ("van der bergotto", "van der Berg-Otto"),
        ("der bergotto", ""),
        ("bergotto", ""),
        ("otto", ""),
    ]
    assert strings("Patient", "given", name=[{"given": ["Ann Lee"]}]) == [("ann lee", "Ann Lee")]


def test_every_part_of_a_name_and_an_address_is_found() -> None:
    name = {"text": "A", "family": "B", "given": ["C", "D"], "prefix": ["E"], "suffix": ["F"]}
    assert [exact for _, exact in strings("Patient", "name", name=[name])] == list("BACDEF")
    address = {
        "use": "home", "text": "A", "line": ["B", "C"], "city": "D", "district": "E", "state": "F",
        "postalCode": "G", "country": "H", "period": {"start": "2026"},
    }  # fmt: skip
    found = strings("Patient", "address", address=[address])
    assert [exact for _, exact in found] == list("ABCDEFGH")


def test_a_long_text_is_held_in_windows_that_overlap() -> None:
    number = served_parameters("Library")["description"].number
    text = "".join(chr(97 + n % 23) for n in range(1000))
    found = index({"resourceType": "Library", "id": "x", "description": text}).strings
    assert [(param, norm) for param, norm, _ in found if abs(param) == number] == [
        (number, text[:400]),
        (-number, text[200:600]),
        (-number, text[400:800]),
        (-number, text[600:1000]),
    ]


def test_a_parameter_that_cannot_index_a_value_misses_it() -> None:
    assert "+" not in terms("Procedure", "date", performedString="2026")
    assert "+" in terms("Procedure", "date", performedDateTime="2026")


def test_a_date_without_zone_and_a_reference_of_this_server_are_read_as_configured() -> None:
    reading = Reading(ZoneInfo("America/New_York"), ("https://care.example/fhir",))
    row = index(
        {
            "resourceType": "Observation",
            "id": "x",
            "effectiveDateTime": "2026",
            "subject": {"reference": "https://care.example/fhir/Patient/1"},
        },
        reading,
    )
    assert row.main == date_range("2026", reading.zone) != date_range("2026")
    assert row.patients == ("1",)


@pytest.mark.parametrize(
    ("resource", "patients"),
    [
        ({"resourceType": "Patient", "link": [{"other": {"reference": "Patient/2"}}]}, ("x",)),
        ({"resourceType": "Observation", "subject": {"reference": "Patient/1"}}, ("1",)),
        ({"resourceType": "Observation", "subject": {"reference": "Group/1"}}, ()),
        ({"resourceType": "Observation", "subject": {"reference": "http://a/Patient/1"}}, ()),
        (
            {
                "resourceType": "Observation",
                "subject": {"reference": "Patient/2"},
                "performer": [{"reference": "Patient/1"}, {"reference": "Patient/2/_history/1"}],
                "focus": [{"reference": "Patient/3"}],
            },
            ("1", "2"),
        ),
        (
            {
                "resourceType": "Appointment",
                "participant": [{"actor": {"reference": "Patient/1"}}, {"actor": {}}],
            },
            ("1",),
        ),
        ({"resourceType": "Organization"}, ()),
    ],
)
def test_a_resource_is_in_the_compartment_of_the_patients_it_names(
    resource: dict[str, Any], patients: tuple[str, ...]
) -> None:
    assert index({"id": "x", **resource}).patients == patients


def test_nothing_is_indexed_by_default() -> None:
    assert IndexRow() == IndexRow((), (), (), (MIN_TIME, MIN_TIME), ())
