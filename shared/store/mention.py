"""A resource that refers to another one, and where it stands in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.fhir.definitions import TYPE_NAME
from shared.store.version import Key

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg


class Mention(NamedTuple):
    """A current resource: its internal key, its main date as microseconds, its last change.

    `begins` and `ends` are equal where its type has no main date, or it has none.
    """

    key: Key
    pk: int
    begins: int
    ends: int
    updated: datetime


def mention_of(row: asyncpg.Record) -> Mention:
    """Read a row of the statement that finds mentions."""
    pk, code, logical_id, begins, ends, updated = row
    return Mention(Key(TYPE_NAME[code], logical_id), pk, begins, ends, updated)
