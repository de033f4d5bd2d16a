"""The chain of a stream's versions: whoever changes one of them breaks it from there on; pure.

A version's digest covers the version and its event. What one statement writes to a stream is a
group: its first sum is the first digest, each further one covers the sum before and the next
digest. A version's link covers the last link before its group and its sum, so that a statement
need not know that link before it holds the stream.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.fhir.definitions import TYPE_CODE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.store.version import Version

# What the first link of a stream follows.
GENESIS: Final = b""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def digest(tenant: int, version: Version, patient: int | None, at: datetime) -> bytes:
    """Digest a version and its event; migration 0011 does the same in SQL."""
    head = (
        f"{tenant} {TYPE_CODE.get(version.key.type, 0)} {version.key.id} {version.number} "
        f"{version.method} {_microseconds(version.updated)} {_microseconds(at)} "
        f"{version.deleted:d} {version.pk} {'-' if patient is None else patient}\n"
    )
    return sha256(head.encode() + (version.body or b"")).digest()


def sums(digests: Iterable[tuple[str | None, bytes]]) -> list[bytes]:
    """Sum up what a statement writes, stream by stream; without a stream each is by itself."""
    last: dict[str, bytes] = {}
    summed = []
    for stream, each in digests:
        before = None if stream is None else last.get(stream)
        found = each if before is None else follow(before, each)
        if stream is not None:
            last[stream] = found
        summed.append(found)
    return summed


def follow(before: bytes, after: bytes) -> bytes:
    """Hash what comes after together with what came before."""
    return sha256(before + after).digest()


class Place(NamedTuple):
    """How far a stream has been followed: its last link, and the group that this link is of."""

    link: bytes = GENESIS
    base: bytes = GENESIS
    summed: bytes | None = None

    def then(self, own: bytes, link: bytes | None) -> Place | None:
        """Go on to a version with its stored link; None where that link does not follow."""
        if self.summed is not None:
            summed = follow(self.summed, own)
            if link == follow(self.base, summed):
                return Place(link, self.base, summed)
        if link == follow(self.link, own):
            return Place(link, self.link, own)
        return None


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
