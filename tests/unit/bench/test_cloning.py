"""Copies of resources: other people, in whom everything still fits together."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.store.version import Key
from tests.bench.population.cloning import Cloner, cloned_id
from tests.bench.population.plan import Population
from tests.bench.population.templates import Text, template

COPIES = st.integers(0, 2**20)
PATIENT = "098fc002-b87e-49dc-4b8e-8900a1bc8600"
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "36ab6ed1-e43f-2903-2a7e-62df3a06702c",
    "subject": {"reference": f"Patient/{PATIENT}"},
    "effectiveDateTime": "2011-07-14T09:15:00-04:00",
    "valueQuantity": {"value": 120.5, "unit": "mm[Hg]"},
}
PERSON: dict[str, Any] = {
    "resourceType": "Patient",
    "id": PATIENT,
    "identifier": [{"system": "urn:ssn", "value": "999-61-4890"}],
    "name": [{"family": "Abbott774", "given": ["Ann12", "Bea7"]}],
    "birthDate": "1975-02-28",
}
CLONER = Cloner(["Baker1"], ["Carl2"])


def text(resource: dict[str, Any], person: str = PATIENT) -> Text:
    key = Key(resource["resourceType"], resource["id"])
    return Text(key, json.dumps(resource, separators=(",", ":")), person, "2011-07-14")


def test_the_first_copy_is_the_resource_itself() -> None:
    for resource in (OBSERVATION, PERSON):
        assert json.loads(CLONER.clone(template(text(resource)), 0)) == resource


@given(COPIES)
def test_an_id_is_given_back_by_the_same_copy(copy: int) -> None:
    assert cloned_id(cloned_id(PATIENT, copy), copy) == PATIENT


@given(COPIES, COPIES)
def test_copies_have_different_ids(one: int, other: int) -> None:
    assert (cloned_id(PATIENT, one) == cloned_id(PATIENT, other)) is (one == other)


@given(st.integers(1, 10_000))
def test_a_copy_refers_to_the_person_of_the_same_copy(copy: int) -> None:
    observation = json.loads(CLONER.clone(template(text(OBSERVATION)), copy))
    person = json.loads(CLONER.clone(template(text(PERSON)), copy))

    assert observation["subject"]["reference"] == f"Patient/{person['id']}"


@given(st.integers(1, 10_000))
def test_a_copy_has_other_values_of_the_same_form(copy: int) -> None:
    observation = json.loads(CLONER.clone(template(text(OBSERVATION)), copy))
    person = json.loads(CLONER.clone(template(text(PERSON)), copy))

    assert 96 <= observation["valueQuantity"]["value"] <= 145
    assert observation["effectiveDateTime"].endswith("T09:15:00-04:00")
    assert person["name"][0]["family"].startswith("Baker")
    assert len(person["name"][0]["given"]) == 2
    assert len(person["identifier"][0]["value"]) == len("999-61-4890")


def test_a_population_has_about_the_size_that_is_asked_for() -> None:
    others = [OBSERVATION | {"id": f"36ab6ed{n}-e43f-2903-2a7e-62df3a06702c"} for n in range(9)]
    made = [template(text(each)) for each in (PERSON, *others)]
    population = Population(made, 34)

    members = list(population.members(0, len(made)))

    assert len(members) == len(population) == 30
    assert len({pk for _, _, pk in members}) == 30
    assert max(pk for _, _, pk in members) <= population.last_pk


def test_the_keys_of_links_are_those_of_the_same_copy() -> None:
    made = [template(text(PERSON)), template(text(OBSERVATION))]
    population = Population(made, 6)
    pks = {(each.key, copy): pk for each, copy, pk in population.members(0, 2)}

    linked = population.pks(made[1], 2)

    assert linked == {Key("Patient", cloned_id(PATIENT, 2)): pks[made[0].key, 2]}
