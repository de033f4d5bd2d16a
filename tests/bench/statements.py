"""Tells where PostgreSQL's time of a search goes: `python -m tests.bench.statements`.

Each shape's statement is run with values of the record under EXPLAIN ANALYZE, whose clock makes
every step slower: the shares tell, not the milliseconds.

https://www.postgresql.org/docs/current/using-explain.html
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import asyncpg

from shared.access.access import ANONYMOUS, DEFAULT_TENANT, Access
from shared.fhir.search.parse import parse
from shared.store.embedded import EmbeddedServer
from shared.store.search import page_statement
from tests.bench.cost import SIZE
from tests.bench.population.building import build
from tests.bench.population.database import FOLDER, kept_name, names, url_of
from tests.bench.samples import Samples
from tests.bench.shapes import SHAPES, TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.shapes import Shape

Plan = dict[str, Any]

_TIMES: Final = 12
_SEEN: Final = Access(DEFAULT_TENANT, ANONYMOUS, None, None, "bench")


async def measured(connection: asyncpg.Connection, samples: Samples, shape: Shape) -> list[Plan]:
    """Run a shape with several values."""
    chance = random.Random(shape.name)
    found = []
    for _ in range(_TIMES):
        name, _, query = shape.search(samples, chance).partition("?")
        asked = parse(name, parse_qsl(query), zone=UTC, now=datetime.now(UTC))
        statement = page_statement(asked, _SEEN, None)
        explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}"
        found.append(json.loads(await connection.fetchval(explained, *statement.args))[0])
    return found


def steps(plan: Plan) -> Iterator[tuple[str, float]]:
    """Give the time of each step by itself, named by what it does and to which relation."""
    inside = plan.get("Plans", ())
    # What a CTE takes is told where it is made, and counted by the clock where it is first read.
    read = sum(_spent(each) for each in inside if "CTE" not in each.get("Subplan Name", ""))
    if plan["Node Type"] != "CTE Scan":
        relation = plan.get("Index Name") or plan.get("Relation Name") or ""
        yield f"{plan['Node Type']} {relation}".strip(), max(_spent(plan) - read, 0.0)
    for each in inside:
        yield from steps(each)


def _spent(plan: Plan) -> float:
    return float(plan["Actual Total Time"] * plan["Actual Loops"])


async def run(url: str) -> None:
    """Print the medians of each shape, and the shares of all."""
    if kept_name(SIZE) not in await names(url):
        await build(url, kept_name(SIZE), SIZE, lambda *_: None)
    at = url_of(url, kept_name(SIZE))
    samples, shares = await Samples.take(at, TYPES), defaultdict[str, float](float)
    connection = await asyncpg.connect(at)
    for shape in SHAPES:
        plans = await measured(connection, samples, shape)
        planning = sorted(each["Planning Time"] for each in plans)[_TIMES // 2]
        running = sorted(each["Execution Time"] for each in plans)[_TIMES // 2]
        print(f"{planning:7.2f} ms planned {running:7.2f} ms run  {shape.type}: {shape.name}")
        shares["planning"] += sum(each["Planning Time"] for each in plans)
        for name, spent in (step for each in plans for step in steps(each["Plan"])):
            shares[name] += spent
    await connection.close()
    total = sum(shares.values())
    for name, spent in sorted(shares.items(), key=itemgetter(1), reverse=True)[:20]:
        print(f"{spent / total:6.1%}  {name}")


def main() -> None:
    """Measure on the record of 10,000 resources that is kept for it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = EmbeddedServer.start(FOLDER, print)
    try:
        asyncio.run(run(server.url))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
