"""Registers search parameters: from then on what is written is indexed by them, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.fhir.definitions import TYPE_NAME
from shared.fhir.errors import TooCostly
from shared.fhir.search.registration import is_same, kept
from shared.store.generation import begin_generation
from shared.store.notifier import SEARCH_CHANNEL
from shared.store.reindex_statements import PROGRESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg

    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction

# R4's own parameters have the numbers below; a column of the record holds no greater one.
_FIRST: Final = 10_000
_LAST: Final = 32_767

_HOLD: Final = "SELECT 1 FROM record.site WHERE tenant = $1 FOR UPDATE"
_ALL: Final = (
    "SELECT number, retired, definition FROM record.search_parameter "
    "WHERE tenant = $1 ORDER BY number"
)
_RETIRE: Final = (
    "UPDATE record.search_parameter SET retired = true WHERE tenant = $1 AND number = ANY($2)"
)
_ADD: Final = (
    "INSERT INTO record.search_parameter (tenant, number, generation, definition) "
    "VALUES ($1, $2, $3, $4)"
)


class Progress(NamedTuple):
    """A type whose rows are being indexed anew; no `total` before it begins."""

    type: str
    generation: int
    done: int
    total: int | None


async def register(
    tx: Transaction, definitions: Sequence[JsonObject], types: Iterable[str]
) -> bool:
    """Let exactly these be the stored parameters, and index their types anew, and those given.

    :raises TooCostly: when more have been registered, over time, than can be told apart.
    """
    tenant = tx.access.tenant
    await tx.connection.execute(_HOLD, tenant)
    rows = await tx.connection.fetch(_ALL, tenant)
    before = {row["number"]: json.loads(row["definition"]) for row in rows if not row["retired"]}
    new = [each for each in definitions if not _is_among(each, before.values())]
    gone = [number for number, each in before.items() if not _is_among(each, definitions)]
    named = {*types, *(base for each in new for base in each["base"])}
    if not (named or gone):
        return False
    generation = await begin_generation(tx.connection, sorted(named))
    await tx.connection.execute(_RETIRE, tenant, gone)
    first = max((_FIRST, *(row["number"] + 1 for row in rows)))
    if first + len(new) > _LAST:
        raise TooCostly("No more search parameters can be registered in this record.")
    added = [
        (tenant, number, generation, json.dumps(kept(each)))
        for number, each in enumerate(new, first)
    ]
    await tx.connection.executemany(_ADD, added)
    await tx.connection.execute(f"NOTIFY {SEARCH_CHANNEL}")
    return True


async def progress(connection: asyncpg.Connection, tenant: int) -> list[Progress]:
    """Tell which types are being indexed anew, and how far that is."""
    rows: Sequence[Any] = await connection.fetch(PROGRESS, tenant)
    return [
        Progress(TYPE_NAME[row["type"]], row["generation"], row["done"], row["total"])
        for row in rows
    ]


def _is_among(definition: JsonObject, others: Iterable[JsonObject]) -> bool:
    return any(is_same(definition, each) for each in others)
