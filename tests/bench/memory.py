"""Tells what the largest Bundle of the export holds in memory: `python -m tests.bench.memory`."""

from __future__ import annotations

import bz2
import tracemalloc
from typing import Final

from shared.fhir.reader import read
from shared.fhir.search.index import index
from tests.conformance.test_synthea import BUNDLES

_MEGABYTE: Final = 1e6


def held() -> float:
    """Give what Python's objects take since the beginning, in megabytes."""
    return tracemalloc.get_traced_memory()[0] / _MEGABYTE


def main() -> None:
    """Read and index the Bundle, and keep both, as one that is being written does."""
    path = max(BUNDLES, key=lambda each: each.stat().st_size)
    body = bz2.decompress(path.read_bytes())
    index({"resourceType": "Patient", "id": "x"})
    tracemalloc.start()
    tree = read(body)
    as_tree = held()
    rows = [index({"id": "x", **each["resource"]}) for each in tree["entry"]]
    print(
        f"{len(rows):,} resources: {len(body) / _MEGABYTE:.1f} MB as JSON, {as_tree:.1f} MB as a "
        f"tree, {held() - as_tree:.1f} MB of what is indexed"
    )


if __name__ == "__main__":
    main()
