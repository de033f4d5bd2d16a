"""Finds current resources with their contents, for decisions that need more than one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Gone, NotFound
from shared.fhir.reader import read
from shared.fhir.search.parse import parse

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading
    from shared.store.version import Key, Version

# A search needs the time only for dates, of which there are none here.
_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MANY: Final = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """A current resource: the version that was read, and its content."""

    version: Version
    content: JsonObject

    @property
    def key(self) -> Key:
        """Its type and logical id."""
        return self.version.key

    @property
    def number(self) -> int:
        """The number of the version."""
        return self.version.number

    @property
    def reference(self) -> str:
        """Refer to the resource: `Observation/1`."""
        return str(self.key)

    @property
    def versioned(self) -> str:
        """Refer to this version of it: `Observation/1/_history/3`."""
        return f"{self.key}/_history/{self.number}"


async def fetch(reading: Reading, key: Key) -> Found | None:
    """Read one resource; None where there is nothing to see, or it is deleted."""
    version = await reading.read(key)
    if version is None or version.body is None:
        return None
    return Found(version, read(version.body))


async def required(reading: Reading, key: Key) -> Found:
    """Read one resource that must be there.

    :raises NotFound: when there is nothing that the caller may see.
    :raises Gone: when it was deleted.
    """
    version = await reading.read(key)
    if version is None:
        raise NotFound(f"There is no {key.type} with this id.")
    if version.body is None:
        raise Gone(f"This {key.type} was deleted.")
    return Found(version, read(version.body))


async def find(
    reading: Reading, resource_type: str, *criteria: tuple[str, str], limit: int = _MANY
) -> list[Found]:
    """Find all resources that match criteria by tokens, references and strings, by their ids.

    References are written relatively (`Patient/7`). Dates are for the caller to compare.
    """
    query = parse(resource_type, criteria, zone=UTC, now=_ANY_TIME)
    ids = await reading.matching(query, limit)
    if not ids:
        return []
    versions = await reading.read_many(resource_type, ids)
    found = [
        Found(version, read(version.body))
        for version in versions.values()
        if version.body is not None
    ]
    return sorted(found, key=lambda each: each.key.id)
