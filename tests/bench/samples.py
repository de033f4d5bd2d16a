"""Values that really stand in a record, to ask for: some resources of each type, at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import asyncpg

from shared.access.access import DEFAULT_TENANT
from shared.fhir.definitions import TYPE_CODE, TYPE_NAME
from shared.fhir.reader import read

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

_MANY: Final = 1000
_KEYS: Final = """
SELECT type, id FROM record.resource WHERE tenant = $1 AND NOT deleted
ORDER BY hashint8(pk) LIMIT 20000
"""
_BODIES: Final = """
SELECT v.body FROM record.resource r JOIN record.version v USING (tenant, pk, version)
WHERE r.tenant = $1 AND r.type = $2 AND NOT r.deleted ORDER BY hashint8(r.pk) LIMIT $3
"""


class Samples:
    """Resources drawn from a record, in an order of their own."""

    def __init__(self, keys: Sequence[str], bodies: dict[str, list[bytes]]) -> None:
        self.keys = list(keys)
        self.bodies = bodies
        self._trees: dict[str, list[dict[str, Any]]] = {}

    @classmethod
    async def take(cls, url: str, types: Sequence[str]) -> Samples:
        """Draw from a record."""
        connection = await asyncpg.connect(url)
        try:
            keys = await connection.fetch(_KEYS, DEFAULT_TENANT)
            bodies = {}
            for name in types:
                rows = await connection.fetch(_BODIES, DEFAULT_TENANT, TYPE_CODE[name], _MANY)
                bodies[name] = [row[0].encode() for row in rows]
        finally:
            await connection.close()
        return cls([f"{TYPE_NAME[row[0]]}/{row[1]}" for row in keys], bodies)

    def trees(self, resource_type: str) -> list[dict[str, Any]]:
        """Give the resources of a type."""
        if resource_type not in self._trees:
            self._trees[resource_type] = [read(each) for each in self.bodies[resource_type]]
        return self._trees[resource_type]

    def one(self, resource_type: str, chance: random.Random) -> dict[str, Any]:
        """Draw a resource of a type."""
        return chance.choice(self.trees(resource_type))
