"""The fixed sample of the Synthea export, and what a write does with each resource of it."""

from __future__ import annotations

import bz2
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import jiter

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.reader import read
from shared.fhir.search.index import index
from shared.fhir.search.reading import Reading
from shared.fhir.validation import validate
from shared.fhir.writer import splice, write
from shared.store.rows import prepare
from shared.store.version import Change, Key
from tests.conformance.test_synthea import BUNDLES

if TYPE_CHECKING:
    from typing import Any

NOW = datetime(2026, 3, 1, tzinfo=UTC)
READING = Reading()
META = {"versionId": "1", "lastUpdated": "2026-03-01T00:00:00.000Z"}
MOST_VALIDATING, MOST_WRITING = 3.5, 8.0


def parse(raw: bytes) -> Any:  # noqa: ANN401
    """Parse strictly, as the reader does before its own checks."""
    return jiter.from_json(
        raw,
        allow_inf_nan=False,
        catch_duplicate_keys=True,
        float_mode="lossless-float",
        cache_mode="keys",
    )


def written(raw: bytes) -> object:
    """Read, validate, splice and index, as every write does."""
    resource = read(raw)
    return validate(resource), splice(raw, "made-here", META), index(resource, READING)


def stored(raw: bytes) -> object:
    """Do all that a write does before it asks the database."""
    resource = read(raw)
    issues = validate(resource)
    key = Key(resource["resourceType"], "made-here")
    change = Change(key, "POST", None, resource, NOW, raw)
    return issues, prepare(change, TYPE_CODE[key.type], 1, READING)


def sample(size: int) -> list[bytes]:
    """Take some resources of the export, the same each time."""
    resources = [
        write(entry["resource"])
        for path in BUNDLES
        for entry in read(bz2.decompress(path.read_bytes()))["entry"]
    ]
    return random.Random(1).sample(resources, size)
