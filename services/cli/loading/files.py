"""Finds the files to load and opens them, compressed or not."""

from __future__ import annotations

import bz2
import gzip
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from services.cli.console import Failure
from services.cli.loading.generated import is_truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BUNDLES: Final = (".json", ".json.gz", ".json.bz2")
# What a published package says of itself. https://hl7.org/fhir/packages.html
_OF_A_PACKAGE: Final = frozenset({"package.json", ".index.json"})
LINES: Final = (".ndjson", ".ndjson.gz", ".ndjson.bz2")


def find(paths: Iterable[Path]) -> list[Path]:
    """List the files that the paths name, folders searched to their bottom, ordered by name.

    :raises Failure: a path does not exist or has another ending, or there is nothing to load.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(_held_in(path))
        elif not path.exists():
            raise Failure(f"{path} does not exist.")
        elif not _is_loadable(path):
            raise Failure(f"{path} is neither .json nor .ndjson (nor one of them as .gz or .bz2).")
        else:
            found[path] = None
    return sorted(found, key=lambda file: (file.name, file))


def _held_in(folder: Path) -> list[Path]:
    held = (each for each in folder.rglob("*") if each.name not in _OF_A_PACKAGE)
    found = [each for each in held if _is_loadable(each) and not is_truth(each)]
    if not found:
        raise Failure(f"There is nothing to load: {folder} holds no .json or .ndjson file.")
    return found


def is_ndjson(path: Path) -> bool:
    """Whether the file holds one resource a line."""
    return path.name.endswith(LINES)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open the file for reading its plain bytes.

    :raises Failure: the file cannot be read or decompressed.
    """
    try:
        with _open(path) as stream:
            yield stream
    except (EOFError, zlib.error, OSError) as error:
        raise Failure(f"{path} cannot be read to its end.") from error


def _open(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path))
    if path.suffix == ".bz2":
        return cast("BinaryIO", bz2.open(path))
    return path.open("rb")


def _is_loadable(path: Path) -> bool:
    return path.name.endswith(BUNDLES + LINES) and path.is_file()
