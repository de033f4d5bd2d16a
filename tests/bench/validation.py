"""Compares validating with parsing on the Synthea export: `python -m tests.bench.validation`.

The ratio holds on a loaded machine; the microseconds do not. It should stay below 3.5.
"""

from __future__ import annotations

import bz2
import random
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

import jiter

from shared.fhir.reader import read
from shared.fhir.validation import validate
from shared.fhir.writer import write
from tests.conformance.test_synthea import BUNDLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def parse(raw: bytes) -> Any:  # noqa: ANN401
    """Parse strictly, as the reader does before its own checks."""
    return jiter.from_json(
        raw,
        allow_inf_nan=False,
        catch_duplicate_keys=True,
        float_mode="lossless-float",
        cache_mode="keys",
    )


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
    """Alternate the two, so that the machine's load falls on both."""
    raws = sample(4_000)
    trees = [parse(raw) for raw in raws]
    rounds = [(microseconds(parse, raws), microseconds(validate, trees)) for _ in range(9)]
    parsing, validating = median(first for first, _ in rounds), median(two for _, two in rounds)
    sys.stdout.write(
        f"parse {parsing:.1f} µs, validate {validating:.1f} µs, "
        f"ratio {median(two / first for first, two in rounds):.2f}\n"
    )


if __name__ == "__main__":
    main()
