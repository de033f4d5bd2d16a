"""What a statement reads, by its plan: rows of tables, entries of the terms' index, and sorts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg

    from shared.store.search.arguments import Statement

# Their rows are those of other nodes once more.
_OF_OTHERS = frozenset({"CTE Scan", "Subquery Scan", "Function Scan", "Result", "Append"})
_TERMS = "search_row_terms"


class Reads(NamedTuple):
    """The most that one node reads or sorts, all entries of terms, and the tables read through."""

    rows: int
    entries: int
    walked: tuple[str, ...]


async def reads(connection: asyncpg.Connection, statement: Statement, mode: str) -> Reads:
    """Run a statement, planned in one mode, and tell what it read."""
    await connection.execute(f"SET plan_cache_mode = {mode}")
    found = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.args
    )
    every = [each for each in nodes(json.loads(found)[0]["Plan"]) if each["Actual Loops"]]
    entries = [each for each in every if each.get("Index Name") == _TERMS]
    others = [each for each in every if each.get("Index Name") != _TERMS]
    walked = {each["Relation Name"] for each in others if each["Node Type"] == "Seq Scan"}
    return Reads(
        round(max(map(_read, others))), round(sum(map(_read, entries))), tuple(sorted(walked))
    )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give all nodes of a plan, those of its arrays too."""
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


def _read(node: dict[str, Any]) -> float:
    kind = node["Node Type"]
    if kind in _OF_OTHERS:
        return 0.0
    if kind == "Sort":
        return float(sum(each["Actual Rows"] * each["Actual Loops"] for each in node["Plans"]))
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    found: float = node["Actual Rows"] + sum(node.get(each, 0) for each in removed)
    return found * float(node["Actual Loops"]) if "Scan" in kind else 0.0
