"""What a write does before it asks the database, as ratios to parsing the same resource.

`python -m tests.bench.write_path`. Ratios hold on a loaded machine; microseconds do not. To
validate should take at most 3.5 times as long as to parse; all that every write does (read,
validate, splice, index) at most 8 times.
"""

from __future__ import annotations

import gc
import math
import sys
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.search.index import index
from shared.fhir.validation import validate
from shared.fhir.writer import splice
from tests.bench.validation import (
    META,
    MOST_VALIDATING,
    MOST_WRITING,
    READING,
    microseconds,
    parse,
    sample,
    stored,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SAMPLE: Final = 2_000
ROUNDS: Final = 7
FEW: Final = 20
# What a part may take at most, where that is agreed.
MOST: Final[Mapping[str, float]] = {"validate": MOST_VALIDATING, "write": MOST_WRITING}


def ratios() -> dict[str, float]:
    """Measure each part and the whole, in turns, so that the machine's load falls on all."""
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
    rounds = [
        {name: _times(work, items) for name, (work, items) in works.items()} for _ in range(ROUNDS)
    ]
    gc.unfreeze()
    least = {name: _least([each[name] for each in rounds]) for name in works}
    return {name: least[name] / least["parse"] for name in works if name != "parse"}


def _times(work: Callable[[Any], object], items: Sequence[Any]) -> list[float]:
    return [microseconds(work, items[at : at + FEW]) for at in range(0, len(items), FEW)]


def _least(rounds: Sequence[Sequence[float]]) -> float:
    # What else runs on the machine only adds: of a few resources, the least of the rounds is
    # nearest to the work, where hardly a whole round is left in peace.
    return math.fsum(min(times) for times in zip(*rounds, strict=True))


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
