"""Every official R4 example can be found by every search parameter that it has a value of.

Which values those are, the second opinion says: by the FHIRPath of the parameter.
"""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from shared.fhir.definitions import search_parameters
from shared.fhir.errors import FhirError
from shared.fhir.reader import read
from shared.fhir.search.parse import parse
from shared.fhir.search.reading import Reading
from shared.store.search import matching_statement
from tests.conformance.refused import REFUSED
from tests.search.generated.asking import Asked, asked
from tests.search.generated.datatypes import BASE
from tests.search.opinion.thing import Thing, composite_parts
from tests.store.search_record import NOW, Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.search.opinion.paths import Node

PACKAGE = Path(__file__).parents[2] / "var/examples/package"
LARGE = 200_000
ENOUGH = 20

pytestmark = pytest.mark.skipif(
    not PACKAGE.exists(), reason="var/examples/package is absent: run make examples"
)


@pytest.fixture
async def record(database_url: str) -> AsyncIterator[Record]:
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        yield Record(connection, reading=Reading(bases=(BASE,), now=NOW))
    await connection.close()


def examples() -> list[Path]:
    """List those that are accepted; each name begins with its type.

    An AuditEvent is a view of the audit here: no client's is stored.
    """
    found = (each for each in PACKAGE.glob("*-*.json") if each.stem not in REFUSED)
    return sorted(each for each in found if not each.name.startswith("AuditEvent-"))


def some_of_each_type() -> list[Path]:
    """Take one in ten of each type, at least one, and no large one."""
    of_type: dict[str, list[Path]] = defaultdict(list)
    for path in examples():
        if path.stat().st_size < LARGE:
            of_type[path.name.partition("-")[0]].append(path)
    return [path for paths in of_type.values() for path in paths[::10]]


async def test_a_tenth_of_the_examples_is_found_by_all_that_they_have(record: Record) -> None:
    assert await not_found(record, some_of_each_type()) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_every_example_is_found_by_all_that_it_has(record: Record) -> None:
    assert await not_found(record, examples()) == []


async def not_found(record: Record, paths: list[Path]) -> list[str]:
    """Write examples, and tell which searches do not find them."""
    things = await written(record, paths)
    missed = []
    for thing in things:
        for code in codes(thing):
            search = one_search(thing, code)
            if search is None:
                known = all(unsearchable(each) for each in holders(thing, code))
                missed += [] if known else [f"{thing.key} has no search by {code}"]
            elif not await is_found(record, thing, search):
                missed.append(f"{thing.key} is not found by {search}")
    return missed


async def written(record: Record, paths: list[Path]) -> list[Thing]:
    """Write examples; two share an identity, and one of these is enough."""
    things: dict[tuple[str, str], Thing] = {}
    for path in paths:
        raw = path.read_bytes()
        thing = Thing(json.loads(raw, parse_float=Decimal), NOW, len(things))
        if thing.key not in things:
            tree: Any = read(raw)
            await record.write([tree])
            things[thing.key] = thing
    return list(things.values())


def codes(thing: Thing) -> Iterator[str]:
    """Name the parameters that a resource has values of."""
    for code, each in search_parameters(thing.type).items():
        if each.type != "special" and code != "_lastUpdated" and thing.has(code):
            yield code


def holders(thing: Thing, code: str) -> list[Node]:
    """Give the values of a parameter; of a composite, those of a part that cannot be asked for."""
    parts = composite_parts(thing.type, code)
    if not parts:
        return thing.nodes(code)
    inside = [[each for node in thing.nodes(code) for each in part.inside(node)] for part in parts]
    return next((each for each in inside if all(map(unsearchable, each))), [thing.nodes(code)[0]])


def one_search(thing: Thing, code: str) -> Asked | None:
    """Ask for a value of a parameter, whichever chance picks, but always the same."""
    random = Random(f"{thing.type}/{thing.id} {code}")
    found: list[Asked] = []
    for node in thing.nodes(code):
        found += asked(thing.type, code, node, random)
        if len(found) > ENOUGH:
            break
    modifier, text = random.choice(found) if found else ("", "")
    return (f"{code}{modifier}", text) if found else None


async def is_found(record: Record, thing: Thing, search: Asked) -> bool:
    """Tell whether a search finds a resource."""
    reading = record.reading
    pairs = [search, ("_id", thing.id)]
    try:
        query = parse(thing.type, pairs, zone=reading.zone, now=NOW, bases=reading.bases)
    except FhirError:
        return False
    statement = matching_statement(query, record.access)
    rows = await record.connection.fetch(statement.sql, *statement.args)
    return [row["id"] for row in rows] == [thing.id]


def unsearchable(node: Node) -> str:
    """Tell why a value has nothing to search by, if so."""
    value = node.value
    match node.type:
        case "Reference" | "canonical" if _address(value).startswith("#"):
            return "it refers to what is contained, or says a name only"
        case "string":
            return "it tells a time in words"
        case "CodeableConcept" | "Coding" | "Identifier" | "ContactPoint":
            return "it has no code and no text"
        case "Attachment":
            return "it is given itself, where others refer to it"
        case "Period" | "Timing":
            return "it has no time"
        case "Quantity" | "Range" | "SampledData" | "Duration" | "Age" | "Money":
            return "it has no number"
    if isinstance(value, dict) and "resourceType" in value:
        return "it is a resource in a Bundle"
    return ""


def _address(value: Any) -> str:  # noqa: ANN401
    return str(value.get("reference", "#")) if isinstance(value, dict) else str(value)
