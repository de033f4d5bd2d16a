"""Sorts by parameters of every type: what has no value comes last, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.search.parameters import is_view, served_parameters
from shared.fhir.search.parse import read_query
from shared.fhir.search.reading import Reading
from shared.fhir.search.stored import Registered, stored_parameters
from shared.store.search import page_statement
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENTS: list[dict[str, Any]] = [
    {"active": True, "telecom": [{"system": "phone", "value": "2"}], "deceasedBoolean": True},
    {"identifier": [{"value": "c"}, {"value": "B"}],
     "generalPractitioner": [{"reference": "Practitioner/2"}]},
    {"active": False, "identifier": [{"value": "a"}, {"value": "d"}], "gender": "male"},
    {"telecom": [{"system": "email", "value": "0"}, {"system": "phone", "value": "1"}]},
    {"gender": "female", "generalPractitioner": [{"reference": "Organization/3"}],
     "_gender": {"id": "x"}, "identifier": [{"system": "urn:only"}]},
]  # fmt: skip
OBSERVATIONS: list[dict[str, Any]] = [
    {"code": {"coding": [{"code": "b"}, {"code": "x"}]}, "valueQuantity": {"value": 10}},
    {"code": {"text": "no code"}, "valueQuantity": {"value": 9.5, "unit": "mg"}},
    {"code": {"coding": [{"code": "a"}]},
     "component": [{"code": {}, "valueQuantity": {"value": 1}}]},
    {"code": {"coding": [{"code": "c\U0001f600 'x' \""}]},
     "valueQuantity": {"value": 2, "comparator": "<"}},
    {"code": {"coding": [{"code": "B"}]}, "focus": [{"reference": "Patient/0"}]},
]  # fmt: skip
URLS: list[dict[str, Any]] = [
    {"url": "urn:b", "meta": {"profile": ["http://b.example", "http://d.example"]}},
    {"meta": {"profile": ["http://c.example"]}},
    {"url": "http://a.example"},
    {"url": "urn:a"},
]
RISKS: list[dict[str, Any]] = [
    {"prediction": [{"probabilityDecimal": 0.5}, {"probabilityDecimal": 0.1}]},
    {"prediction": [{"outcome": {"text": "unknown"}}]},
    {"prediction": [{"probabilityDecimal": 0.25}]},
]
INSIDE = {"resourceType": "Patient", "id": "in"}
ENCOUNTERS: list[dict[str, Any]] = [
    {"subject": {"reference": "Patient/1"}},
    {"subject": {"reference": "#in"}, "contained": [INSIDE]},
    {"subject": {"reference": "#in"}, "contained": [INSIDE | {"resourceType": "Group"}]},
    {"subject": {"reference": "Group/1"}},
]
WORLD = {
    "Encounter": ENCOUNTERS,
    "Patient": PATIENTS,
    "Observation": OBSERVATIONS,
    "ValueSet": URLS,
    "RiskAssessment": RISKS,
}


@pytest.fixture
async def record(database_url: str) -> AsyncIterator[Record]:
    connection = await asyncpg.connect(database_url)
    record = Record(connection)
    for name, resources in WORLD.items():
        named = [{"resourceType": name, "id": str(i), **each} for i, each in enumerate(resources)]
        await record.write(named)
    yield record
    await connection.close()


@pytest.mark.parametrize(
    ("resource_type", "sort", "up", "down"),
    [
        ("Patient", "active", "20134", "02431"),
        ("Patient", "deceased", "12340", "04321"),
        ("Patient", "identifier", "12034", "21430"),
        ("Patient", "phone", "30124", "03421"),
        ("Patient", "gender", "42013", "24310"),
        ("Patient", "general-practitioner", "41023", "14320"),
        ("Encounter", "patient", "1023", "0132"),
        ("Encounter", "subject", "1230", "0321"),
        ("Observation", "code", "42031", "03241"),
        ("Observation", "value-quantity", "31024", "01342"),
        ("Observation", "component-value-quantity", "20134", "24310"),
        ("Observation", "combo-value-quantity", "32104", "01234"),
        ("Observation", "focus", "40123", "43210"),
        ("ValueSet", "url", "2301", "0321"),
        ("ValueSet", "_profile", "0123", "0132"),
        ("RiskAssessment", "probability", "021", "021"),
    ],
)
async def test_the_first_value_in_the_direction_asked_decides(
    record: Record, resource_type: str, sort: str, up: str, down: str
) -> None:
    for asked, expected in ((sort, up), (f"-{sort}", down)):
        query = record.query(resource_type, ("_sort", asked), ("_count", "2"))
        assert "".join(await record.walk(query)) == expected, asked


async def test_several_keys_of_any_type_are_joined(record: Record) -> None:
    query = record.query("Patient", ("_sort", "-active,gender,-_id"), ("_count", "1"))
    assert await record.walk(query) == ["0", "2", "4", "3", "1"]


async def test_every_parameter_that_a_sort_takes_has_an_order(record: Record) -> None:
    for resource_type in RESOURCE_TYPES:
        if is_view(resource_type):
            continue
        sortable = [code for code, p in served_parameters(resource_type).items() if p.is_sortable]
        for start in range(0, len(sortable), 5):
            query = record.query(resource_type, ("_sort", ",".join(sortable[start : start + 5])))
            statement = page_statement(query, record.access, None)
            await record.connection.fetch(f"EXPLAIN {statement.sql}", *statement.args)


@pytest.mark.parametrize(
    ("kind", "expression", "found"),
    [
        ("number", "Observation.component.count() + 1.5", ["2", "0", "1", "3", "4"]),
        ("quantity", "Observation.value.ofType(Quantity)", ["0", "1", "3", "2", "4"]),
        ("string", "Observation.value.ofType(Quantity).unit", ["1", "0", "2", "3", "4"]),
    ],
)
async def test_values_of_stored_parameters_have_an_order(
    database_url: str, kind: str, expression: str, found: list[str]
) -> None:
    own = {"url": "urn:own", "code": "own", "base": ["Observation"], "type": kind}
    known = stored_parameters(1, [Registered(10_000, 1, {**own, "expression": expression})])
    connection = await asyncpg.connect(database_url)
    record = Record(connection, reading=Reading(stored=known))
    named = ({"resourceType": "Observation", "id": str(i)} for i in range(len(OBSERVATIONS)))
    await record.write([{**i, **each} for i, each in zip(named, OBSERVATIONS, strict=True)])
    pairs = [("_sort", "-own,_id"), ("_count", "2")]
    query = read_query("Observation", pairs, record.reading)
    assert await record.walk(query) == found
    await connection.close()


@pytest.mark.parametrize("sort", ["-birthdate,-_id", "-birthdate,gender", "birthdate,-_id"])
async def test_pages_lead_back_through_what_has_no_date(record: Record, sort: str) -> None:
    dated = [{"birthDate": "1990-01-01"}, {}, {"birthDate": "1980"}, {}, {}, {"birthDate": "1990"}]
    named = [{"resourceType": "Patient", "id": f"d{i}", **each} for i, each in enumerate(dated)]
    await record.write(named)
    for count in ("1", "2"):
        # The walk goes back as well, and compares.
        found = await record.walk(record.query("Patient", ("_sort", sort), ("_count", count)))
        assert sorted(found) == sorted([*map(str, range(5)), *(each["id"] for each in named)])
