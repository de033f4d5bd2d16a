"""What is known again is indexed as it would be the first time, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from shared.fhir.search.collector import Collector
from shared.fhir.search.index import index
from shared.fhir.search.reading import Reading
from shared.fhir.search.recall import RECALLING

CODING = {"system": "http://example.org/s", "code": "a", "display": "Alpha"}
CONCEPT = {"coding": [CODING], "text": "First"}


def observation(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"resourceType": "Observation", "id": "1", "status": "final", **members}


@pytest.mark.parametrize(
    "member",
    [
        {"code": CONCEPT},
        {"code": {"coding": [CODING]}},
        {"code": {"text": "First"}},
        {"code": {"coding": [CODING, CODING | {"code": "b"}]}},
        {"code": CONCEPT | {"id": "x"}},
        {"code": {"coding": [CODING | {"userSelected": True}]}},
        {"code": {"coding": [{"code": "a"}], "text": "http://example.org/s"}},
        {"category": [CONCEPT, CONCEPT]},
        {"category": [{"coding": [CODING | {"display": "A" * 1_000}]}]},
        {"valueCodeableConcept": CONCEPT},
        {"subject": {"reference": "Patient/7"}},
        {"subject": {"reference": "Patient/7", "display": "P"}},
        {"subject": {"reference": "Group/7"}},
        {"subject": {"identifier": {"value": "7"}}},
        {"subject": {"reference": "Patient/7", "identifier": {"value": "7"}}},
        {"subject": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p"}]},
        {"performer": [{"reference": "Patient/7"}, {"reference": "Practitioner/7"}]},
        {"specimen": {"reference": "Specimen/7"}},
    ],
)
def test_a_value_gives_what_it_gives_where_it_cannot_be_known_again(
    member: dict[str, Any],
) -> None:
    for other in (CONCEPT, {"text": "Other"}, {"coding": [CODING | {"display": "Other"}]}):
        index(observation(code=other, valueCodeableConcept=other, category=[other]))
    for target in ("Patient/7", "Patient/8", "http://example.org/Patient/7"):
        index(observation(subject={"reference": target}, performer=[{"reference": target}]))
    expected = index(observation(**{name: marked(value) for name, value in member.items()}))
    for _ in range(2):
        found = index(observation(**member))
        assert set(found.terms) == set(expected.terms)
        assert (found.texts, found.patients) == (expected.texts, expected.patients)


@pytest.mark.parametrize(
    "coding",
    [
        CODING,
        {"code": "a"},
        CODING | {"code": "A"},
        CODING | {"version": "2"},
        {"code": "a", "_code": {"id": "x"}},
    ],
)
def test_a_coding_alone_gives_what_it_gives_at_first(coding: dict[str, Any]) -> None:
    for other in (CODING, {"system": "a"}, {"display": "a"}, CODING | {"version": "1"}):
        index(encounter(other))
    expected = index(encounter(marked(coding)))
    for _ in range(2):
        found = index(encounter(coding))
        assert set(found.terms) == set(expected.terms)
        assert found.texts == expected.texts


@pytest.mark.parametrize(("name", "value"), [("Coding", CODING), ("CodeableConcept", CONCEPT)])
def test_what_is_plain_is_looked_at_once(name: str, value: dict[str, Any]) -> None:
    looked_at = []
    recall = RECALLING[name](lambda each, _: looked_at.append(each))
    for each in (value, value, value | {"id": "x"}, value | {"id": "x"}):
        recall(each, Collector({}, Reading()))
    assert looked_at == [value, value | {"id": "x"}, value | {"id": "x"}]


def encounter(coding: dict[str, Any]) -> dict[str, Any]:
    meta = {"tag": [coding], "security": [coding]}
    return {"resourceType": "Encounter", "id": "1", "status": "finished"} | {
        "class": coding,
        "meta": meta,
    }


def marked(value: Any) -> Any:  # noqa: ANN401
    """Give each element an id: of such nothing is known again."""
    if isinstance(value, list):
        return [marked(each) for each in value]
    if isinstance(value, dict):
        return {"id": "x"} | {name: marked(each) for name, each in value.items()}
    return value


def test_an_address_is_of_this_server_only_below_its_bases() -> None:
    subject = {"reference": "http://here.example.org/fhir/Patient/7"}
    here = Reading(bases=("http://here.example.org/fhir/",))
    elsewhere = index(observation(subject=subject))
    inside = index(observation(subject=subject), here)
    assert (elsewhere.patients, inside.patients) == ((), ("7",))
    assert index(observation(subject=subject)) == elsewhere
