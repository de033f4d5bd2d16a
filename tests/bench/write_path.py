"""What a write does before it asks the database, as ratios to parsing the same resource.

`python -m tests.bench.write_path`. Ratios hold on a loaded machine; microseconds do not. To
validate should take at most 3.5 times as long as to parse; all that every write does (read,
validate, splice, index) at most 8 times.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.search.index import index
from shared.fhir.validation import validate
from shared.fhir.writer import splice
from tests.bench.sample import (
    META,
    MOST_VALIDATING,
    MOST_WRITING,
    READING,
    parse,
    sample,
    stored,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SAMPLE: Final = 1_000
ROUNDS: Final = 40
# How far apart the works are in the sample, so that none finds what another has just touched.
APART: Final = 37
# What a part may take at most, where that is agreed.
MOST: Final[Mapping[str, float]] = {"validate": MOST_VALIDATING, "write": MOST_WRITING}


def ratios() -> dict[str, float]:
    """Measure each part and the whole in turns, a resource at a time.

    In a server nothing is done a thousand times on end: each part finds the caches as the others
    left them. Of each resource the least of the rounds counts, because what else runs on the
    machine only adds.
    """
    raws = sample(SAMPLE)
    trees = [parse(raw) for raw in raws]
    # The sample itself is not what the collector of garbage has to look through in a server.
    gc.freeze()
    works: dict[str, tuple[Callable[[Any], object], Sequence[Any]]] = {
        "parse": (parse, raws),
        "validate": (validate, trees),
        "splice": (_spliced, raws),
        "index": (_indexed, trees),
        "write": (written, raws),
        "as stored": (stored, raws),
    }
    least = {name: [math.inf] * SAMPLE for name in works}
    for turn in range(ROUNDS * SAMPLE):
        for apart, (name, (work, items)) in enumerate(works.items()):
            at = (turn + APART * apart) % SAMPLE
            least[name][at] = min(least[name][at], _seconds(work, items[at]))
    gc.unfreeze()
    total = {name: math.fsum(times) for name, times in least.items()}
    return {name: total[name] / total["parse"] for name in works if name != "parse"}


def _seconds(work: Callable[[Any], object], item: Any) -> float:  # noqa: ANN401
    start = time.perf_counter()
    work(item)
    return time.perf_counter() - start


def main() -> None:
    """Print the ratios, with what is agreed."""
    for name, ratio in ratios().items():
        most = f", at most {MOST[name]}x" if name in MOST else ""
        sys.stdout.write(f"{name} {ratio:.2f}x{most}\n")


def _spliced(raw: bytes) -> object:
    return splice(raw, "made-here", META)


def _indexed(tree: Any) -> object:  # noqa: ANN401
    return index(tree, READING)


if __name__ == "__main__":
    main()
