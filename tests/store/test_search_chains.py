"""Chains and `_has`: what they find, through whom, and that they pass through nobody unseen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.search.parameters import served_parameters
from shared.fhir.search.terms import hash_term, target_term
from shared.store.search.arguments import Arguments
from shared.store.search.links import link_term
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


def resource(resource_type: str, logical_id: str, **members: object) -> dict[str, Any]:
    return {"resourceType": resource_type, "id": logical_id, **members}


def to(reference: str) -> dict[str, str]:
    return {"reference": reference}


def coded(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://loinc.org", "code": code}]}


OAK: Final = "Organization/oak"
WORLD: Final[list[dict[str, Any]]] = [
    resource("Organization", "top", name="Forest"),
    resource("Organization", "oak", name="Oak Clinic", partOf=to("Organization/top")),
    resource("Organization", "elm", name="Elm House"),
    resource(
        "Patient", "p1", gender="female", name=[{"family": "Berg"}], managingOrganization=to(OAK),
        identifier=[{"system": "http://a.example", "value": "1"}],
    ),
    resource(
        "Patient", "p2", gender="male", name=[{"family": "Stein"}],
        managingOrganization=to("Organization/elm"), birthDate="1980-01-01",
    ),
    resource("Patient", "p3", gender="female"),
    resource("Location", "l1", name="Berghof", managingOrganization=to(OAK)),
    resource("Encounter", "e1", status="finished", subject=to("Patient/p1")),
    resource("Encounter", "e2", status="planned", subject=to("Patient/p2")),
    resource(
        "Observation", "o1", code=coded("a"), subject=to("Patient/p1"),
        encounter=to("Encounter/e1"), effectiveDateTime="2025-01-01",
    ),
    resource(
        "Observation", "o2", code=coded("b"), subject=to("Patient/p2"),
        encounter=to("Encounter/e2"), effectiveDateTime="2025-02-01",
        focus=[to("Patient/p1")],
    ),
    resource("Observation", "o3", code=coded("a"), subject=to("Location/l1")),
    resource("Observation", "o4", code=coded("b"), subject=to("Patient/gone")),
    resource("Observation", "o5", code=coded("c"), hasMember=[to("Observation/o1")]),
    resource("Provenance", "v1", target=[to("Observation/o1")], agent=[{"who": to(OAK)}]),
]  # fmt: skip


@pytest.fixture(scope="module", params=[1, 1000], ids=["driven", "walked"])
async def record(
    connection: asyncpg.Connection, request: pytest.FixtureRequest
) -> AsyncIterator[Record]:
    # With a small budget the walk of the order is given up, and with small numbers few are many.
    record = Record(connection)
    await record.write([dict(each) for each in WORLD])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.store.search.page._BUDGET", request.param)
        patch.setattr("shared.store.search.driving._FEW", request.param)
        yield record


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Observation?subject:Patient.name=berg", "o1"),
        ("Observation?subject.name=berg", "o1 o3"),
        ("Observation?subject:Location.name=berg", "o3"),
        ("Observation?patient.identifier=1", "o1"),
        ("Observation?focus:Patient.name=berg", "o2"),
        ("Observation?subject:Patient.name:exact=Berg", "o1"),
        ("Observation?subject:Patient.name:exact=berg", ""),
        ("Observation?subject:Patient.name:contains=er,te", "o1 o2"),
        ("Observation?subject:Patient.name:missing=false", "o1 o2"),
        ("Observation?subject:Patient.name:missing=true", ""),
        ("Observation?subject:Patient.birthdate:missing=true", "o1"),
        ("Observation?subject:Patient.gender:not=male", "o1"),
        ("Observation?subject:Patient.birthdate=lt1990", "o2"),
        ("Observation?subject:Patient._id=p2,p3", "o2"),
        ("Observation?subject:Patient._lastUpdated=ge2026", "o1 o2"),
        ("Observation?subject:Patient._lastUpdated=lt2026", ""),
        ("Observation?subject:Patient.organization=oak", "o1"),
        ("Observation?subject:Patient.organization.name=oak", "o1"),
        ("Observation?subject.organization.name=oak", "o1 o3"),
        ("Observation?subject:Patient.organization.partof.name=for", "o1"),
        ("Observation?encounter.subject:Patient.organization.name=oak,elm", "o1 o2"),
        ("Observation?subject:Patient.name=berg&code=b", ""),
        ("Observation?subject:Patient.gender=female&code=a", "o1"),
        ("Observation?subject:Patient.gender=female,male&encounter:Encounter.status=planned", "o2"),
        ("Observation?subject:Patient.gender=female&_sort=-date", "o1"),
        ("Observation?has-member.subject:Patient.name=berg", "o5"),
        ("Patient?_has:Observation:patient:code=a", "p1"),
        ("Patient?_has:Observation:subject:code=a,b", "p1 p2"),
        ("Patient?_has:Observation:focus:code=b", "p1"),
        ("Patient?_has:Observation:patient:code:not=a", "p2"),
        ("Patient?_has:Observation:patient:date=ge2025-01-15", "p2"),
        ("Patient?_has:Observation:patient:_lastUpdated=ge2026", "p1 p2"),
        ("Patient?_has:Encounter:patient:status=finished&_has:Observation:patient:code=a", "p1"),
        ("Patient?_has:Encounter:patient:_has:Observation:encounter:code=b", "p2"),
        ("Encounter?_has:Observation:encounter:_has:Provenance:target:agent=oak", "e1"),
        ("Patient?gender=female&_has:Observation:patient:code=a&_sort=family", "p1"),
        ("Location?_has:Observation:subject:code=a", "l1"),
        ("Observation?subject:Patient._has:Encounter:patient:status=planned", "o2"),
        ("Patient?_has:Observation:patient:encounter.status=planned", "p2"),
        ("Organization?_has:Patient:organization:_has:Observation:patient:code=a", "oak"),
        ("Organization?_has:Patient:organization:name=stein", "elm"),
        ("Organization?_has:Organization:partof:_has:Patient:organization:name=b", "top"),
    ],
)  # fmt: skip
async def test_a_chain_finds(record: Record, asked: str, found: str) -> None:
    name, _, pairs = asked.partition("?")
    query = record.query(name, *(_pair(each) for each in pairs.split("&")), ("_count", "5"))
    assert sorted(await record.ids(query)) == found.split()
    assert await record.count(query) == len(found.split())
    assert sorted(each for each, _ in await record.matching(query)) == found.split()[:2]


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


@pytest.mark.parametrize(
    ("asked", "all_of_it", "limited", "without"),
    [
        # To an organization leads nothing that a caller limited to patients may see.
        (("Observation", "subject:Patient.organization.name", "oak"), ["o1"], [], ["o1"]),
        (("Observation", "focus:Patient.name", "berg"), ["o2"], [], ["o2"]),
        (("Observation", "encounter.status", "planned"), ["o2"], ["o2"], []),
        (("Observation", "subject:Patient.gender", "female"), ["o1"], [], ["o1"]),
        (("Observation", "subject:Patient.gender", "male"), ["o2"], ["o2"], ["o2"]),
        (("Patient", "_has:Observation:focus:code", "b"), ["p1"], [], ["p1"]),
        (("Patient", "_has:Observation:subject:code", "b"), ["p2"], ["p2"], ["p2"]),
        (("Patient", "_has:Encounter:patient:status", "planned"), ["p2"], ["p2"], []),
        (("Patient", "_has:Observation:patient:encounter.status", "planned"), ["p2"], ["p2"], []),
    ],
)  # fmt: skip
async def test_a_chain_passes_only_through_what_its_caller_may_see(
    record: Record,
    asked: tuple[str, str, str],
    all_of_it: list[str],
    limited: list[str],
    without: list[str],
) -> None:
    name, parameter, value = asked
    query = record.query(name, (parameter, value))
    assert await record.ids(query) == all_of_it
    if name == "Patient" and limited == []:
        # Who is found is seen, but whoever refers to them is not.
        assert await record.ids(query, record.limited(*all_of_it)) == []
    assert await record.ids(query, record.limited("p2")) == limited
    many = record.limited("p2", *(f"other{n}" for n in range(100)))
    assert await record.ids(query, many) == limited
    types = frozenset(TYPE_CODE) - {"Encounter"}
    assert await record.ids(query, replace(record.access, types=types)) == without


async def test_another_tenants_resources_lead_nowhere(
    record: Record, connection: asyncpg.Connection
) -> None:
    other = Record(connection)
    await other.write([resource("Observation", "o1", subject=to("Patient/p1"))])
    assert await other.find("Observation", ("subject:Patient.name", "berg")) == []
    assert await other.find("Observation", ("subject:Patient._id", "p1")) == []


async def test_sql_hashes_a_link_as_the_index_does(connection: asyncpg.Connection) -> None:
    parameter = served_parameters("Observation")["subject"]
    source = Arguments(7, "Observation")
    term = link_term(parameter, source, source.of("Patient"))
    statement = source.statement(
        f"SELECT {term} FROM (SELECT 'ä-1'::text) AS r(id), (SELECT $1::int) t"
    )
    for logical_id in ("1", "A.b-9"):
        sql = statement.sql.replace("ä-1", logical_id)
        text = target_term(parameter.number, "Patient", logical_id)
        expected = hash_term(7, TYPE_CODE["Observation"], text)
        assert await connection.fetchval(sql, *statement.args) == expected
