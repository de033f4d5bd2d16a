"""The plan of each shape of the benchmark is bounded, whether its values are common or rare.

A page is bounded by itself, or by the matches where these are few; a patient's search by what the
patient has. Only entries of the terms' index may be as many as the record has of a term, as
docs/performance.md says.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import asyncpg
import pytest

from shared.store.search import count_statement, page_statement
from shared.store.search.includes import Shown, included_statement
from shared.store.version import Key
from tests.bench.shapes import SHAPES
from tests.store.plan_reads import reads
from tests.store.search_record import Record
from tests.store.skewed_record import skewed, write_in_bulk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from tests.bench.shapes import Shape
    from tests.store.skewed_record import Resource

PATIENTS: Final = 1000
# Twice what a step of a search looks at before it takes the next one; there are 31,500 resources.
BOUNDED: Final = 2 * 2001
OF_A_PATIENT: Final = 200
# By what the resources of a type are common or rare.
TRAIT: Final[Mapping[str, Callable[[Resource], str]]] = {
    "Patient": lambda r: f"{r['name'][0]['family'][:3]} {r['gender']}",
    "Observation": lambda r: str(r["code"]["coding"][0]["code"]),
    "Encounter": lambda r: f"{r['class']['code']} {r['serviceProvider']['reference']}",
    "Organization": lambda r: str(r["address"][0]["city"]),
    "MedicationRequest": lambda r: str(r["medicationCodeableConcept"]["coding"][0]["code"]),
}
# Both of these criteria are common, and hold together of few: all that have the term are read.
TOGETHER: Final = frozenset({"code, value-quantity", "code-value-quantity"})
FURTHER: Final = (
    "Patient?name=a",
    "Patient?name=a&gender=male",
    "Patient?gender=male&_sort=-birthdate,family",
    "Patient?_has:Observation:patient:code=99&gender=male",
    "Observation?code=8302-2&code=50",
    "Observation?code=8302-2&_sort=date,_id",
    "Observation?code=8302-2&_sort=-value-quantity",
    "Observation?code=70&_sort=value-quantity",
    "Observation?subject:Patient.name=a&_sort=-date",
    "Observation?subject:Patient.gender=male",
    "Observation?date=ge2022&_sort=date",
    "Observation?date=gt2022&_sort=date",
    "Observation?date=sa2022&_sort=date",
    "Observation?date=sa2025-06-01",
    "Observation?date=eb2021&_sort=-date",
    "Observation?date=gt2022&_sort=_id",
    "Observation?_lastUpdated=gt2020-01-01T02:00:00Z&_sort=_lastUpdated",
    "Encounter?service-provider=Organization/g0",
    "Encounter?service-provider=Organization/g0&_sort=-date",
    "Encounter?service-provider:Organization.name=gen&_sort=-date",
    "Encounter?class:not=AMB&_sort=-date",
    "Encounter?date=ne2022-01-01",
)
MODES: Final = pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])


@dataclass
class Filled:
    """A record, and the resources in it by their types."""

    record: Record
    resources: dict[str, list[Resource]]

    def drawn(self, shape: Shape) -> list[list[tuple[str, str]]]:
        """Draw the pairs of a shape for what is common, mid and rare."""
        resources = self.resources[shape.type]
        traits = Counter(map(TRAIT[shape.type], resources)).most_common()
        found = []
        for place in (0, len(traits) // 8, len(traits) // 3, len(traits) - 1):
            some = [r for r in resources if TRAIT[shape.type](r) == traits[place][0]]
            search = shape.search(_First(some[len(some) // 2], resources), random.Random(3))  # type: ignore[arg-type]
            found.append(parse_qsl(search.partition("?")[2]))
        return found


@dataclass
class _First:
    """Gives a resource first, and then others, for shapes that it has no value for."""

    resource: Resource | None
    others: Sequence[Resource]

    def one(self, _: str, chance: random.Random) -> Resource:
        found, self.resource = self.resource, None
        return found or chance.choice(self.others)


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


@pytest.fixture(scope="module")
async def filled(connection: asyncpg.Connection) -> Filled:
    resources = list(skewed(PATIENTS))
    record = Record(connection)
    await write_in_bulk(record, resources)
    by_type: dict[str, list[Resource]] = {}
    for each in resources:
        by_type.setdefault(each["resourceType"], []).append(each)
    return Filled(record, by_type)


@pytest.mark.parametrize("shape", SHAPES, ids=[each.name for each in SHAPES])
@MODES
async def test_a_page_of_each_shape_is_bounded(filled: Filled, shape: Shape, mode: str) -> None:
    of_a_patient = shape.name.startswith("patient,")
    for pairs in filled.drawn(shape):
        query = filled.record.query(shape.type, *pairs)
        statement = page_statement(query, filled.record.access, None)
        found = await reads(filled.record.connection, statement, mode)
        assert not found.walked, (pairs, found)
        bound = OF_A_PATIENT if of_a_patient else BOUNDED
        assert found.rows <= bound or (shape.name in TOGETHER and found.entries), (pairs, found)
        if of_a_patient:
            assert found.entries <= bound, (pairs, found)


@pytest.mark.parametrize("sort", ["-date", "date", "-_lastUpdated", "_lastUpdated"])
@MODES
async def test_a_page_of_several_types_is_bounded(filled: Filled, sort: str, mode: str) -> None:
    pairs = (("_sort", sort), ("_count", "20"))
    parts = [filled.record.query(name, *pairs) for name in ("Encounter", "Observation")]
    together = replace(parts[0], type="", parts=tuple(parts))
    statement = page_statement(together, filled.record.access, None)
    found = await reads(filled.record.connection, statement, mode)
    assert not found.walked, found
    assert found.rows <= BOUNDED, found


@pytest.mark.parametrize("asked", FURTHER)
@MODES
async def test_a_page_of_further_searches_is_bounded(filled: Filled, asked: str, mode: str) -> None:
    name, _, pairs = asked.partition("?")
    query = filled.record.query(name, *parse_qsl(pairs), ("_count", "20"))
    statement = page_statement(query, filled.record.access, None)
    found = await reads(filled.record.connection, statement, mode)
    assert not found.walked, found
    assert found.rows <= BOUNDED, found


@pytest.mark.parametrize("shape", SHAPES, ids=[each.name for each in SHAPES])
@MODES
async def test_a_count_reads_what_an_index_leads_to(
    filled: Filled, shape: Shape, mode: str
) -> None:
    of_a_patient = shape.name.startswith("patient,")
    for pairs in filled.drawn(shape):
        query = filled.record.query(shape.type, *pairs)
        statement = count_statement(query, filled.record.access)
        found = await reads(filled.record.connection, statement, mode)
        assert not found.walked, (pairs, found)
        if of_a_patient:
            assert found.rows <= OF_A_PATIENT, (pairs, found)
        elif found.entries:
            # What has the term is read, with a look at the few that another condition may have.
            assert found.rows <= max(2 * found.entries, 2 * BOUNDED), (pairs, found)


@pytest.mark.parametrize(
    "include", ["_include=Observation:subject", "_revinclude=Observation:subject"]
)
@MODES
async def test_what_is_included_is_bounded_by_the_page(
    filled: Filled, include: str, mode: str
) -> None:
    name = "Observation" if include.startswith("_include") else "Patient"
    query = filled.record.query(name, tuple(include.split("=")), ("_count", "20"))  # type: ignore[arg-type]
    page = [
        Shown(Key(name, each["id"]), filled.record.pks[f"{name}/{each['id']}"])
        for each in filled.resources[name][:20]
    ]
    statement = included_statement(
        query.includes, page, [each.pk for each in page], access=filled.record.access, limit=1000
    )
    assert statement is not None
    found = await reads(filled.record.connection, statement, mode)
    assert not found.walked, found
    assert found.rows <= BOUNDED, found
