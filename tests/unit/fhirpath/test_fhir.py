"""What FHIR adds: its paths, primitives with extensions, references, variables and the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.fhir.fhirpath import InvalidExpression, evaluate, root_node
from shared.fhir.fhirpath.node import Node, system_node
from tests.unit.fhirpath.people import OBSERVATION, PATIENT, answers

PATHS: list[tuple[str, list[Any]]] = [
    ("Patient.name.family", ["Rivera", "Campos"]),
    ("Resource.id", ["p1"]),
    ("DomainResource.active", [True]),
    ("Observation.id", []),
    ("nothing", []),
    ("name.nothing.more", []),
    ("deceased", [False]),
    ("deceasedBoolean", []),
    ("birthDate.extension.value", ["1974-12-25T14:35:45Z"]),
    ("birthDate.extension('http://example.org/time').exists()", [True]),
    ("extension('http://example.org/b').value.code", ["c"]),
    ("hasExtension('http://example.org/b')", [True]),
    ("hasExtension('http://example.org/c')", [False]),
    ("gender.exists()", [True]),
    ("gender.hasValue()", [False]),
    ("gender = 'female'", [False]),
    ("birthDate.hasValue()", [True]),
    ("name.hasValue()", []),
    ("name.first().hasValue()", [False]),
    ("birthDate.getValue() = @1974-12-25", [True]),
    ("birthDate < @1975", [True]),
    ("name[2].given.count()", [2]),
    ("name[2].given[1].extension.value", ["x"]),
    ("contained.name", ["Harbour"]),
    ("contained.ofType(Organization).name", ["Harbour"]),
    ("managingOrganization.resolve().name", ["Harbour"]),
    ("managingOrganization.resolve() is Organization", [True]),
    ("generalPractitioner.resolve()", []),
    ("%resource.id", ["p1"]),
    ("name.select(%context.id).first()", ["p1"]),
    ("%ucum", ["http://unitsofmeasure.org"]),
    ("%`vs-administrative-gender`", ["http://hl7.org/fhir/ValueSet/administrative-gender"]),
    ("%'ext-patient-birthPlace'", ["http://hl7.org/fhir/StructureDefinition/patient-birthPlace"]),
    ("telecom.rank > 0", [True]),
]


@pytest.mark.parametrize(("expression", "expected"), PATHS)
def test_a_path_follows_the_definitions(expression: str, expected: list[Any]) -> None:
    if expression == "name.hasValue()":
        with pytest.raises(InvalidExpression):
            answers(expression)
    else:
        assert answers(expression) == expected


def test_a_choice_is_reached_by_its_name_in_every_component() -> None:
    assert answers("component.value", OBSERVATION) == [3, "x", "10:30:00"]
    assert answers("component.value.ofType(integer)", OBSERVATION) == [3]
    assert answers("(component.value as string)", OBSERVATION) == ["x"]
    assert answers("component[0] is Observation.component", OBSERVATION) == [True]


def test_a_resource_elsewhere_is_found_by_whoever_can_resolve() -> None:
    asked: list[str] = []

    def resolve(text: str) -> dict[str, Any]:
        asked.append(text)
        return {"resourceType": "Practitioner", "id": "d1", "active": True}

    found = answers("generalPractitioner.resolve().active", resolve=resolve)
    assert (found, asked) == ([True], ["Practitioner/d1"])


def test_value_sets_and_profiles_are_judged_by_whoever_knows_them() -> None:
    def judge(node: Node, url: str) -> bool | None:
        return {"urn:yes": True, "urn:no": False}.get(url)

    for function in ("memberOf", "conformsTo"):
        world: dict[str, Any] = {"member_of": judge, "conforms_to": judge}
        assert answers(f"{function}('urn:yes')", **world) == [True]
        assert answers(f"{function}('urn:no')", **world) == [False]
        assert answers(f"{function}('urn:other')", **world) == []
        assert answers(f"{function}('urn:yes')") == []


def test_the_time_is_the_one_that_is_given() -> None:
    now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    assert answers("now()", now=now) == ["2026-03-01T09:00:00.000+00:00"]
    assert answers("today()", now=now) == ["2026-03-01"]
    assert answers("timeOfDay()", now=now) == ["09:00:00.000"]
    assert answers("birthDate < today() - 18 years", now=now) == [True]
    with pytest.raises(InvalidExpression, match="time is not known"):
        answers("now()")


def test_a_variable_of_ones_own_is_a_collection() -> None:
    assert answers("%mine + 1", variables={"mine": [system_node(1)]}) == [2]


def test_trace_writes_nowhere_and_gives_what_it_got(capfd: pytest.CaptureFixture[str]) -> None:
    assert answers("name.family.trace('canary', $this)") == ["Rivera", "Campos"]
    assert capfd.readouterr() == ("", "")


def test_each_node_knows_its_place() -> None:
    def places(expression: str, resource: dict[str, Any]) -> list[str]:
        return [node.location for node in evaluate(expression, root_node(resource))]

    assert places("name.given", PATIENT)[-1] == "Patient.name[2].given[1]"
    assert places("contained.name", PATIENT) == ["Patient.contained[0].name"]
    assert places("component.value", OBSERVATION)[0] == "Observation.component[0].value"
    (node,) = evaluate("component[1].value", root_node(OBSERVATION))
    assert (node.key, node.type) == ("valueString", "string")
