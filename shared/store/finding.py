"""Finds current resources with their contents, for decisions that need more than one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Gone, NotFound
from shared.fhir.reader import read
from shared.fhir.search.criteria import MOST_VALUES
from shared.fhir.search.escapes import split
from shared.fhir.search.parse import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading
    from shared.store.version import Key, Version

# A search needs the time only for dates, of which there are none here.
_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MANY: Final = 10_000
_AT_ONCE: Final = 40


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

    References are written relatively (`Patient/7`). Dates are for the caller to compare. Of more
    values than a search takes it asks several times.
    """
    ids: dict[str, None] = {}
    for asked in searches(criteria):
        query = parse(resource_type, asked, zone=UTC, now=_ANY_TIME)
        ids |= dict.fromkeys(await reading.matching(query, limit))
    if not ids:
        return []
    versions = await reading.read_many(resource_type, list(ids))
    found = [
        Found(version, read(version.body))
        for version in versions.values()
        if version.body is not None
    ]
    return sorted(found, key=lambda each: each.key.id)


def searches(criteria: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Divide what no one search takes into searches that together find the same."""
    return product(*(_portions(name, text) for name, text in criteria))


def _portions(name: str, text: str) -> list[tuple[str, str]]:
    values = split(text, ",")
    # What must match none of its values is asked of all at once.
    if len(values) <= MOST_VALUES or name.endswith(":not"):
        return [(name, text)]
    starts = range(0, len(values), MOST_VALUES)
    return [(name, ",".join(values[each : each + MOST_VALUES])) for each in starts]


async def find_any(
    reading: Reading,
    resource_type: str,
    asked: tuple[str, Iterable[str]],
    *criteria: tuple[str, str],
) -> list[Found]:
    """Find all that match criteria and any of so many values that no one search takes them."""
    name, told = asked
    values = list(dict.fromkeys(told))
    found: dict[str, Found] = {}
    for start in range(0, len(values), _AT_ONCE):
        some = name, ",".join(values[start : start + _AT_ONCE])
        found |= {e.key.id: e for e in await find(reading, resource_type, some, *criteria)}
    return list(found.values())
