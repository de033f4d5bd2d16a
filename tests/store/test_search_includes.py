"""What is shown beside matches: whom references lead to, who refers, and never the unseen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from shared.fhir.definitions import TYPE_CODE
from shared.store.reading import Reading
from shared.store.search import Shown
from shared.store.version import Key
from tests.store.search_record import Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.access.access import Access


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


def resource(resource_type: str, logical_id: str, **members: object) -> dict[str, Any]:
    return {"resourceType": resource_type, "id": logical_id, **members}


def to(reference: str) -> dict[str, str]:
    return {"reference": reference}


WORLD: Final[list[dict[str, Any]]] = [
    resource("Organization", "top"),
    resource("Organization", "oak", partOf=to("Organization/top")),
    resource("Patient", "p1", managingOrganization=to("Organization/oak")),
    resource("Patient", "p2", managingOrganization=to("Organization/oak")),
    resource("Location", "l1", managingOrganization=to("Organization/oak")),
    resource("Encounter", "e1", status="finished", subject=to("Patient/p1")),
    resource(
        "Observation", "o1", subject=to("Patient/p1"), encounter=to("Encounter/e1/_history/1")
    ),
    resource("Observation", "o2", subject=to("Patient/p2"), focus=[to("Patient/p1")]),
    resource("Observation", "o3", subject=to("Location/l1")),
    resource("Observation", "o4", subject=to("Patient/gone"), hasMember=[to("Observation/o5")]),
    resource("Observation", "o5", hasMember=[to("Observation/o4"), to("Observation/o1")]),
    resource("Provenance", "v1", target=[to("Observation/o1"), to("Patient/p1")]),
    resource("Provenance", "v2", target=[to("Provenance/v1")]),
]


@pytest.fixture(scope="module")
async def record(connection: asyncpg.Connection) -> Record:
    record = Record(connection)
    await record.write([dict(each) for each in WORLD])
    return record


async def shown(
    record: Record,
    asked: str,
    beside: str,
    access: Access | None = None,
) -> list[str]:
    """Include beside matches; several questions stand apart by spaces."""
    keys = [Key(*each.split("/")) for each in beside.split()]
    pairs = [tuple(each.split("=")) for each in asked.split()]
    query = record.query(keys[0].type, *((name, text) for name, text in pairs))
    reading = Reading(record.connection, access or record.access, b"")
    matches = [Shown(key, record.pks[str(key)]) for key in keys]
    found, is_cut = await reading.included(query.includes, matches)
    assert not is_cut
    return [str(each.key) for each in found]


@pytest.mark.parametrize(
    ("asked", "beside", "found"),
    [
        ("_include=Observation:subject", "Observation/o1", "Patient/p1"),
        ("_include=Observation:subject", "Observation/o1 Observation/o3", "Patient/p1 Location/l1"),
        ("_include=Observation:subject:Location", "Observation/o1 Observation/o3", "Location/l1"),
        ("_include=Observation:subject", "Observation/o2", "Patient/p2"),
        ("_include=Observation:focus", "Observation/o2", "Patient/p1"),
        ("_include=Observation:subject", "Observation/o4", ""),
        ("_include=Observation:encounter", "Observation/o1", "Encounter/e1"),
        (
            "_include=Observation:subject _include=Observation:focus",
            "Observation/o1 Observation/o2", "Patient/p1 Patient/p2",
        ),
        ("_include=Observation:has-member", "Observation/o4 Observation/o5", "Observation/o1"),
        ("_include=Observation:has-member", "Observation/o4", "Observation/o5"),
        (
            "_include:iterate=Observation:has-member",
            "Observation/o4", "Observation/o5 Observation/o1",
        ),
        (
            "_include=Observation:subject _include:iterate=Patient:organization",
            "Observation/o1", "Patient/p1 Organization/oak",
        ),
        (
            "_include=Patient:organization _include:iterate=Organization:partof",
            "Patient/p1 Patient/p2", "Organization/oak Organization/top",
        ),
        ("_include:iterate=Patient:organization", "Observation/o1", ""),
        ("_revinclude=Provenance:target", "Observation/o1", "Provenance/v1"),
        ("_revinclude=Provenance:target", "Observation/o2", ""),
        ("_revinclude=Provenance:target:Observation", "Observation/o1", "Provenance/v1"),
        ("_revinclude:iterate=Provenance:target", "Observation/o1", "Provenance/v1 Provenance/v2"),
        (
            "_revinclude=Observation:subject",
            "Patient/p1 Patient/p2", "Observation/o1 Observation/o2",
        ),
        ("_revinclude=Observation:patient", "Patient/p1", "Observation/o1"),
        (
            "_revinclude=Encounter:patient _revinclude:iterate=Observation:encounter",
            "Patient/p1", "Encounter/e1 Observation/o1",
        ),
        (
            "_revinclude=Patient:organization _include=Organization:partof",
            "Organization/oak", "Organization/top Patient/p1 Patient/p2",
        ),
    ],
)  # fmt: skip
async def test_beside_a_match_stands(record: Record, asked: str, beside: str, found: str) -> None:
    assert await shown(record, asked, beside) == found.split()


@pytest.mark.parametrize(
    ("asked", "beside", "of_p2", "without"),
    [
        ("_include=Observation:subject", "Observation/o2", "Patient/p2", "Patient/p2"),
        ("_include=Observation:focus", "Observation/o2", "", "Patient/p1"),
        ("_include=Patient:organization", "Patient/p2", "", "Organization/oak"),
        ("_include=Observation:encounter", "Observation/o1", "", ""),
        ("_revinclude=Observation:subject", "Patient/p2", "Observation/o2", "Observation/o2"),
        ("_revinclude=Observation:focus", "Patient/p1", "Observation/o2", "Observation/o2"),
        ("_revinclude=Encounter:subject", "Patient/p1", "", ""),
        ("_revinclude=Provenance:target", "Observation/o1", "", "Provenance/v1"),
    ],
)
async def test_nothing_is_shown_that_the_caller_may_not_see(
    record: Record, asked: str, beside: str, of_p2: str, without: str
) -> None:
    limited = [record.limited("p2"), record.limited("p2", *(f"other{n}" for n in range(100)))]
    for access in limited:
        assert await shown(record, asked, beside, access) == of_p2.split()
    types = frozenset(TYPE_CODE) - {"Encounter"}
    access = replace(record.access, types=types)
    assert await shown(record, asked, beside, access) == without.split()


async def test_at_most_so_many_are_included_and_the_rest_is_told(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = record.query("Organization", ("_revinclude", "Patient:organization"))
    reading = Reading(record.connection, record.access, b"")
    matches = [Shown(Key("Organization", "oak"), record.pks["Organization/oak"])]
    for most, found, is_cut in ((1, ["p1"], True), (2, ["p1", "p2"], False)):
        monkeypatch.setattr("shared.store.reading._MOST_INCLUDED", most)
        included, told = await reading.included(query.includes, matches)
        assert ([each.key.id for each in included], told) == (found, is_cut)


async def test_a_long_line_of_includes_ends_and_is_told(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.reading._MOST_ROUNDS", 2)
    query = record.query(
        "Observation",
        ("_include", "Observation:subject"),
        ("_include:iterate", "Patient:organization"),
        ("_include:iterate", "Organization:partof"),
    )
    reading = Reading(record.connection, record.access, b"")
    matches = [Shown(Key("Observation", "o1"), record.pks["Observation/o1"])]
    included, told = await reading.included(query.includes, matches)
    assert ([str(each.key) for each in included], told) == (
        ["Patient/p1", "Organization/oak"], True,
    )  # fmt: skip
