"""Chains into contained resources: by whatever their types are searched, and by their reference.

https://hl7.org/fhir/R4/search.html#contained
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from shared.fhir.definitions import RESOURCE_TYPES
from shared.fhir.search.contained import _places
from shared.fhir.search.parameters import served_parameters
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Stored parameters have numbers from here on.
FIRST_STORED: Final = 10_000
MEDICATION: Final[dict[str, Any]] = {
    "resourceType": "Medication",
    "id": "m",
    "status": "active",
    "code": {
        "coding": [{"system": "http://rx.example", "code": "111"}],
        "text": "Sertraline hydrochloride",
    },
    "manufacturer": {"reference": "Organization/maker"},
    "batch": {"expirationDate": "2027-03-01", "lotNumber": "L1"},
}


def request(logical_id: str, **members: object) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": logical_id,
        "medicationReference": {"reference": "#m"},
        **members,
    }


WORLD: Final[list[dict[str, Any]]] = [
    {"resourceType": "Organization", "id": "maker", "name": "Oak Works"},
    {"resourceType": "Medication", **MEDICATION, "id": "stored"},
    request("full", contained=[MEDICATION]),
    request("bare", contained=[{"resourceType": "Medication", "id": "m", "code": {"text": "x"}}]),
    request("elsewhere", medicationReference={"reference": "Medication/stored"}),
    request("lost"),
    request(
        "people",
        subject={"reference": "#p"},
        requester={"reference": "#d"},
        performer={"reference": "#q"},
        contained=[
            MEDICATION | {"code": {"text": "y"}},
            {
                "resourceType": "Patient",
                "id": "p",
                "name": [{"family": "Berg"}],
                "birthDate": "2000-02-03",
            },
            {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Stein"}]},
            {"resourceType": "Patient", "id": "q", "name": [{"family": "Tal"}]},
        ],
    ),
]


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


@pytest.fixture(scope="module", params=[1, 1000], ids=["driven", "walked"])
async def record(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Record]:
    connection = await asyncpg.connect(database_url)
    record = Record(connection)
    await record.write([dict(each) for each in WORLD])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.store.search.page._BUDGET", request.param)
        patch.setattr("shared.store.search.driving._FEW", request.param)
        yield record
    await connection.close()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("medication.code=111", "full elsewhere"),
        ("medication:Medication.code=http://rx.example|111", "full elsewhere"),
        ("medication.code=|111", ""),
        ("medication.code:text=sertra", "full elsewhere"),
        ("medication.code:not=111", "bare people"),
        ("medication.status:missing=true", "bare"),
        ("medication.status:missing=false", "full elsewhere people"),
        ("medication.expiration-date=2027-03", "full elsewhere people"),
        ("medication.expiration-date=ne2027-03", ""),
        ("medication.manufacturer=maker", "full elsewhere people"),
        ("medication.manufacturer.name=oak", "full elsewhere people"),
        ("medication.manufacturer.name:contains=elm", ""),
        ("medication._id=m", ""),
        ("medication._id=stored", "elsewhere"),
        ("patient.family=berg", "people"),
        ("subject:Patient.name:exact=Berg", "people"),
        ("subject.family=tal", ""),
        ("intended-performer:Patient.family=tal", "people"),
        ("intended-performer:Practitioner.family=tal", ""),
        ("requester.family=stein", "people"),
        ("requester:Patient.family=stein", ""),
        ("patient.birthdate=2000-02&medication.code:text=y", "people"),
        ("patient.birthdate=gt2000-02", ""),
        ("authoredon=2000", ""),
    ],
)
@pytest.mark.parametrize("sort", ["", "&_sort=-authoredon"])
async def test_a_chain_leads_into_what_is_contained(
    record: Record, asked: str, found: str, sort: str
) -> None:
    query = record.query("MedicationRequest", *map(_pair, f"{asked}{sort}".split("&")))
    assert {*await record.ids(query)} == {*found.split()}
    assert await record.count(query) == len(found.split())


@pytest.mark.parametrize(
    ("asked", "found"), [("Patient?family=berg", ""), ("Medication?code=111", "stored")]
)
async def test_what_is_contained_is_no_match_itself(record: Record, asked: str, found: str) -> None:
    resource_type, _, pair = asked.partition("?")
    query = record.query(resource_type, _pair(pair))
    assert await record.ids(query) == found.split()
    assert await record.count(query) == len(found.split())


@pytest.mark.parametrize("source", RESOURCE_TYPES)
def test_what_is_contained_has_numbers_of_its_own(source: str) -> None:
    last = max(each.number for each in served_parameters(source).values())
    places = sorted((first, target) for (_, target), first in _places(source).items())
    for first, target in places:
        assert last < first
        last = first + len(served_parameters(target)) - 1
    assert last < FIRST_STORED
