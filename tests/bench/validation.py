"""Compares the pure parts of a write with parsing, on a fixed sample of the Synthea export.

`python -m tests.bench.validation`. Ratios hold on a loaded machine; the microseconds do not. To
validate should take at most 3.5 times as long as to parse; to read, validate, splice and index
together at most 8 times. As stored, links are found and terms hashed besides.
"""

from __future__ import annotations

import bz2
import gc
import random
import sys
import time
from datetime import UTC, datetime
from statistics import median
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
    from collections.abc import Callable, Sequence
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


def microseconds(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Measure the processor time that one item takes."""
    start = time.process_time()
    for item in items:
        work(item)
    return (time.process_time() - start) / len(items) * 1e6


def main() -> None:
    """Alternate them, so that the machine's load falls on all."""
    raws = sample(4_000)
    trees = [parse(raw) for raw in raws]
    # The sample itself is not what the collector of garbage has to look through in a server.
    gc.freeze()
    works: tuple[tuple[Callable[[Any], object], Sequence[Any]], ...] = (
        (parse, raws),
        (validate, trees),
        (written, raws),
        (stored, raws),
    )
    rounds = [[microseconds(work, items) for work, items in works] for _ in range(9)]
    parsing, validating, writing, storing = (median(column) for column in zip(*rounds, strict=True))
    sys.stdout.write(
        f"parse {parsing:.1f} µs\n"
        f"validate {validating:.1f} µs, {_ratio(rounds, 1):.2f}x, at most {MOST_VALIDATING}x\n"
        f"write {writing:.1f} µs, {_ratio(rounds, 2):.2f}x, at most {MOST_WRITING}x\n"
        f"as stored {storing:.1f} µs, {_ratio(rounds, 3):.2f}x\n"
    )


def _ratio(rounds: Sequence[Sequence[float]], place: int) -> float:
    return median(each[place] / each[0] for each in rounds)


if __name__ == "__main__":
    main()
