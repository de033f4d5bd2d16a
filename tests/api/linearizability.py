"""Checks a history of concurrent reads, writes and deletes of one resource.

FHIR gives each acknowledged write its version, so the order of writes is known, and whether a
history could have happened in one order is a matter of intervals; no search is needed. The
deletions and versions that a server lists in `_history` are the final order.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Kind = Literal["read", "write", "delete"]
Outcome = Literal["done", "failed", "lost"]

DELETED: Final = "deleted"


@dataclass(frozen=True, slots=True)
class Event:
    """One request: when it began and ended, what it wrote or saw, and how it went.

    `content` tells writes apart, and is DELETED for a deletion; `version` is what was answered, 0
    where there was nothing; `base` is the version that a write named in If-Match. A `lost` answer
    means that the write may have happened.
    """

    kind: Kind
    began: float
    ended: float
    outcome: Outcome
    content: str | None = None
    version: int | None = None
    base: int | None = None


def violations(events: Sequence[Event], final: Mapping[int, str]) -> list[str]:
    """Tell everything that could not have happened; `final` maps each version to its content."""
    events = list(_found_again(list(_with_deletes_told_apart(events)), final))
    writes = [event for event in events if event.kind == "write"]
    done = [event for event in writes if event.outcome == "done"]
    return [
        *_contiguous(final),
        *_distinct(done),
        *_kept(done, final),
        *_explained(writes, final),
        *_compared(done),
        *_possible_refusals(writes, final),
        *_in_time(done),
        *_read_in_time(events, done, final),
    ]


def _with_deletes_told_apart(events: Sequence[Event]) -> Iterator[Event]:
    """Tell which deletes made a version; one that found a deletion only saw it.

    All answer alike, so the first to end counts as the one that made it, unless somebody had
    seen it before that one began: then it is of one whose answer came later, or was lost.
    """
    made: set[int | None] = set()
    in_order = sorted(events, key=lambda event: event.ended)
    seen = {event.version: event.ended for event in reversed(in_order)}
    for event in in_order:
        if event.kind != "delete":
            yield event
        elif event.outcome == "done" and (
            event.version in {0, event.base} | made or seen[event.version] < event.began
        ):
            yield replace(event, kind="read", base=None)
        else:
            made.add(event.version)
            yield replace(event, kind="write")


def _found_again(events: Sequence[Event], final: Mapping[int, str]) -> Iterator[Event]:
    """Give a lost write the version that has its content; nobody knows when it ended."""
    versions = {content: version for version, content in sorted(final.items(), reverse=True)}
    for event in events:
        if event.outcome == "lost" and event.kind == "write" and event.content != DELETED:
            version = versions.get(event.content or "")
            done = replace(event, outcome="done", version=version, ended=inf)
            yield event if version is None else done
        else:
            yield event


def _contiguous(final: Mapping[int, str]) -> Iterator[str]:
    if sorted(final) != list(range(1, len(final) + 1)):
        yield "the history has gaps"


def _distinct(done: Sequence[Event]) -> Iterator[str]:
    seen: set[int | None] = set()
    for write in done:
        if write.version in seen:
            yield f"two writes made version {write.version}"
        seen.add(write.version)


def _kept(done: Sequence[Event], final: Mapping[int, str]) -> Iterator[str]:
    for write in done:
        if final.get(write.version or 0) != write.content:
            yield f"acknowledged version {write.version} is not in the history as it was written"


def _explained(writes: Sequence[Event], final: Mapping[int, str]) -> Iterator[str]:
    """Each version comes of one write, and a refused write of none."""
    known = {write.version for write in writes if write.outcome == "done"}
    # Of lost deletes it is only known how many versions they can have made.
    lost = len([write for write in writes if write.outcome == "lost" and write.content == DELETED])
    for version, content in final.items():
        if version in known:
            continue
        if content == DELETED and lost:
            lost -= 1
        else:
            yield f"nobody wrote version {version}"


def _compared(done: Sequence[Event]) -> Iterator[str]:
    for write in done:
        if write.base is not None and write.version != write.base + 1:
            yield f"a write upon version {write.base} made version {write.version}"


def _possible_refusals(writes: Sequence[Event], final: Mapping[int, str]) -> Iterator[str]:
    """A refusal needs another version than the named one at some moment of the request."""
    made = {write.version: write for write in writes if write.outcome == "done"}
    for write in writes:
        if write.outcome != "failed" or write.base is None:
            continue
        follower = made.get(write.base + 1)
        lasted = write.base + 1 not in final or (follower and follower.began > write.ended)
        came = made.get(write.base)
        if lasted and came is not None and came.ended < write.began:
            yield f"a write upon version {write.base} was refused while that was current"


def _in_time(done: Sequence[Event]) -> Iterator[str]:
    """A write that began after another had ended has the higher version."""
    latest = _latest(done)
    for write in done:
        if (write.version or 0) <= latest(write.began):
            yield (
                f"version {write.version} was begun after version {latest(write.began)}"
                " was acknowledged"
            )


def _read_in_time(
    events: Sequence[Event], done: Sequence[Event], final: Mapping[int, str]
) -> Iterator[str]:
    reads = [event for event in events if event.kind == "read" and event.version is not None]
    began = {write.version: write.began for write in done}
    latest = _latest([*done, *reads])
    for read in reads:
        version = read.version or 0
        if version and final.get(version) != read.content:
            yield f"a read of version {version} saw what was never written"
        if began.get(version, read.began) > read.ended:
            yield f"version {version} was read before it was written"
        if version < latest(read.began):
            yield f"version {version} was read after version {latest(read.began)} was known"


def _latest(events: Sequence[Event]) -> Callable[[float], int]:
    """Give the highest version that was known at a moment, by what had ended before it."""
    in_order = sorted(events, key=lambda event: event.ended)
    ends = [event.ended for event in in_order]
    highest = list(accumulate((event.version or 0 for event in in_order), max, initial=0))
    return lambda moment: highest[bisect_left(ends, moment)]


def made_twice(events: Mapping[str, Sequence[Event]]) -> list[str]:
    """Tell of resources that were made under one condition while another of them stood all along.

    `events` are those of each resource that met the condition while it was not deleted.
    """
    lives = {name: _life(each) for name, each in events.items()}
    return [
        f"{other} was made while {one} was there"
        for one, (made, _, left) in lives.items()
        for other, (_, (began, ended), _) in lives.items()
        if one != other and made < began and ended < left
    ]


def _life(events: Sequence[Event]) -> tuple[float, tuple[float, float], float]:
    """When it was known to be there, when it was being made, and when it may have been deleted."""
    [making] = [event for event in events if event.kind == "write" and event.version == 1]
    # What still saw it or wrote it was before its deletion.
    last = max(event.began for event in events if event.kind != "delete")
    deletes = [event for event in events if event.kind == "delete" and event.ended > last]
    leaving = [event.began for event in deletes]
    return making.ended, (making.began, making.ended), min(leaving, default=float("inf"))
