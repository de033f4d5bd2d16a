"""Puts files in layers, so that each refers only to files of earlier layers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.cli.loading.contents import type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from services.cli.loading.contents import Contents

Needs = dict["Contents", set["Contents"]]


@dataclass(frozen=True, slots=True)
class Order:
    """Layers of files, and the files that had to be taken before one that they refer to."""

    layers: tuple[tuple[Contents, ...], ...]
    out_of_order: tuple[Path, ...]


def arrange(contents: Iterable[Contents]) -> Order:
    """Order files by who refers to whom, and by name inside a layer and where they form a cycle."""
    waiting = _needs(sorted(contents, key=lambda file: (file.path.name, file.path)))
    layers: list[tuple[Contents, ...]] = []
    out_of_order: list[Path] = []
    while waiting:
        layer = tuple(file for file, needed in waiting.items() if not needed & waiting.keys())
        if not layer:
            layer = (_first_of_a_cycle(waiting),)
            out_of_order.append(layer[0].path)
        layers.append(layer)
        for file in layer:
            del waiting[file]
    return Order(tuple(layers), tuple(out_of_order))


def _needs(contents: list[Contents]) -> Needs:
    definers: defaultdict[str, set[Contents]] = defaultdict(set)
    for file in contents:
        for key in file.defines:
            definers[key].add(file)
    return {
        file: {other for key in file.refers for other in _definers(file, key, definers)} - {file}
        for file in contents
    }


def _definers(
    file: Contents, key: str, definers: defaultdict[str, set[Contents]]
) -> Iterable[Contents]:
    if key in definers:
        return definers[key]
    # Nobody defines exactly this: a streamed file tells only its types, so they must do.
    resource_type = type_of(key)
    if resource_type is None or resource_type in file.defines:
        return ()
    return definers.get(resource_type, ())


def _first_of_a_cycle(waiting: Needs) -> Contents:
    return next(file for file in waiting if file in _reached(file, waiting))


def _reached(start: Contents, waiting: Needs) -> Iterator[Contents]:
    seen: set[Contents] = set()
    ahead = [start]
    while ahead:
        for file in waiting[ahead.pop()] & waiting.keys() - seen:
            seen.add(file)
            ahead.append(file)
            yield file
