"""Says what is wrong with one stream of versions, by the chain that it should be; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.store.chain import GENESIS, Place, follow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.store.version import Key


# Only the stream of a patient is counted apart.
_COUNTED: Final = "Patient/"
# Of several, no one can tell which was the first.
_NAMED_MAX: Final = 3


class Named(NamedTuple):
    """A version by its resource and number."""

    key: Key
    version: int

    def __str__(self) -> str:
        """Say it as a person would."""
        return f"{self.key} version {self.version}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A version's event in its stream; `digest` is that of what is stored now, if anything is.

    A version that is `beyond` is later than the one that its resource shows.
    """

    name: Named
    number: int
    digest: bytes | None
    link: bytes | None
    is_beyond: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as it stands: its events, and the versions of its resources that have none.

    Of these the `missing` are not there, the `unlogged` are; the first first. A patient's stream is
    numbered without a gap, and has its `last` number and link kept apart; in another one the
    numbers are the versions of its one resource, some of which may be in other streams.
    """

    name: str
    entries: Sequence[Entry]
    missing: Sequence[Named] = ()
    unlogged: Sequence[Named] = ()
    last: tuple[int, bytes] | None = None


def verdict(stream: Stream) -> str | None:
    """Name the first version that was altered, removed or inserted; None where the chain holds."""
    if stream.entries and stream.last is None and stream.name.startswith(_COUNTED):
        return f"the count of {stream.name} was removed"
    place, before = Place(), 0
    for index, entry in enumerate(stream.entries):
        if removed := _between(stream, before, entry.number):
            return f"{removed} was removed"
        if entry.digest is None:
            return f"{entry.name} was removed"
        following = place.then(entry.digest, entry.link)
        if following is None:
            is_new = entry.number <= before or _is_inserted(stream, index, place)
            return f"{entry.name} was {'inserted' if is_new else 'altered'}"
        place, before = following, entry.number
    return _at_the_end(stream, place, before)


def last_link(base: bytes, added: bytes) -> bytes:
    """Give the last link of a stream by what is kept apart of it."""
    return follow(base, added) if added else GENESIS


def _between(stream: Stream, before: int, after: int) -> str | None:
    """Name the version, or the versions one of which, was removed between two numbers."""
    gone = sorted([*stream.missing, *stream.unlogged], key=lambda each: each.version)
    if stream.last is None:
        return next((str(each) for each in gone if before < each.version < after), None)
    if after <= before + 1:
        return None
    firsts: dict[Key, Named] = {}
    for each in gone:
        firsts.setdefault(each.key, each)
    named = " or ".join(map(str, [*firsts.values()][:_NAMED_MAX]))
    return named or f"the version with number {before + 1} of {stream.name}"


def _is_inserted(stream: Stream, index: int, place: Place) -> bool:
    """Tell whether an entry that does not follow was put between others that do.

    One alone may follow by chance: of two that were swapped, the first one does.
    """
    entry = stream.entries[index]
    if entry.link is None or entry.is_beyond:
        return True
    later = stream.entries[index + 1 : index + 3]
    for each in later:
        following = None if each.digest is None else place.then(each.digest, each.link)
        if following is None:
            return False
        place = following
    if stream.last is None:
        return bool(later) and entry.number == entry.name.version
    return len(later) > 1 or stream.last[1] == place.link


def _at_the_end(stream: Stream, place: Place, before: int) -> str | None:
    if stream.last is not None and (removed := _between(stream, before, stream.last[0] + 1)):
        return f"{removed} was removed"
    if stream.missing:
        return f"{stream.missing[0]} was removed"
    if stream.last is not None and stream.entries and stream.last != (before, place.link):
        return f"{stream.entries[-1].name} was altered"
    return f"{stream.unlogged[0]} was inserted" if stream.unlogged else None
