"""What is sent of a file: parcels, each one transaction or batch Bundle.

A resource's own bytes are never decoded and written again, so every digit arrives as it stands in
the file. https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from services.cli.console import Failure
from services.cli.loading import files, shapes
from shared.client.retry import IDEMPOTENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ENTRIES_MAX: Final = 500
BYTES_MAX: Final = 10_000_000
# Bundles that say what to do with their resources, and Bundles that only hold them.
ORDERS: Final = frozenset({"transaction", "batch"})
HOLDERS: Final = frozenset({"collection", "searchset", "document", "message"})

_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry to send: its bytes, and where in which file it stands."""

    entry: bytes
    resource_type: str
    repeatable: bool
    path: Path
    place: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """Pieces that travel in one Bundle; a divisible one may as well go in parts."""

    type: Literal["transaction", "batch"]
    pieces: tuple[Piece, ...]
    divisible: bool = False

    @property
    def is_repeatable(self) -> bool:
        """Whether nothing more changes when it arrives twice."""
        return all(piece.repeatable for piece in self.pieces)

    def bundle(self) -> bytes:
        """Write the Bundle."""
        entries = b",".join(piece.entry for piece in self.pieces)
        return b'{"resourceType":"Bundle","type":"%b","entry":[%b]}' % (self.type.encode(), entries)

    def as_batch(self, pieces: Iterable[Piece] | None = None) -> Parcel:
        """Give the parcel, or some of its pieces, as a batch: each entry on its own."""
        return Parcel("batch", self.pieces if pieces is None else tuple(pieces))


def parcels(path: Path) -> Iterator[Parcel]:
    """Read a file as parcels: NDJSON piecemeal, anything else as a whole.

    :raises Failure: a Bundle of a type that holds nothing to load.
    """
    with files.opened(path) as stream:
        if files.is_ndjson(path):
            yield from divided(_line_piece(path, n, line) for n, line in _lines(stream))
        else:
            parcel = _document(path, stream.read())
            if parcel.pieces:
                yield parcel


def divided(pieces: Iterable[Piece]) -> Iterator[Parcel]:
    """Put pieces that do not depend on one Bundle into transactions of a bounded size."""
    held: list[Piece] = []
    weight = 0
    for piece in pieces:
        if held and (len(held) == ENTRIES_MAX or weight + len(piece.entry) > BYTES_MAX):
            yield Parcel("transaction", tuple(held), divisible=True)
            held, weight = [], 0
        held.append(piece)
        weight += len(piece.entry)
    if held:
        yield Parcel("transaction", tuple(held), divisible=True)


def check_type(path: Path, bundle: shapes.Bundle) -> None:
    """Look whether there can be something to store.

    :raises Failure: a Bundle of a type that holds nothing to load.
    """
    if bundle.type not in ORDERS | HOLDERS:
        raise Failure(f"{path} is a Bundle of type {bundle.type or 'unknown'}: nothing to load.")


def _document(path: Path, text: bytes) -> Parcel:
    bundle = shapes.read_bundle(text)
    if bundle.resource_type != "Bundle":
        return Parcel("transaction", (_resource_piece(path, "the resource", text),))
    check_type(path, bundle)
    if bundle.type in ORDERS:
        pieces = [_given_piece(path, n, bytes(raw)) for n, raw in enumerate(bundle.entry)]
        return Parcel("batch" if bundle.type == "batch" else "transaction", tuple(pieces))
    held = ((n, shapes.read_entry(raw)) for n, raw in enumerate(bundle.entry))
    kept = (
        _resource_piece(path, f"entry {n}", bytes(entry.resource), entry.full_url)
        for n, entry in held
    )
    # A search may hold an OperationOutcome about itself, which is no part of the record.
    return Parcel("transaction", tuple(p for p in kept if p.resource_type != "OperationOutcome"))


def _given_piece(path: Path, number: int, raw: bytes) -> Piece:
    entry = shapes.read_entry(raw)
    request = entry.request or shapes.Request()
    named = request.url.partition("?")[0].partition("/")[0]
    repeatable = request.method in IDEMPOTENT or request.if_none_exist is not None
    resource_type = shapes.read_head(entry.resource).resource_type or named
    return Piece(raw, resource_type, repeatable, path, f"entry {number}")


def _line_piece(path: Path, number: int, line: bytes) -> Piece:
    return _resource_piece(path, f"line {number}", line)


def _resource_piece(path: Path, place: str, raw: bytes, full_url: str | None = None) -> Piece:
    head = shapes.read_head(raw)
    request = {
        "method": "PUT" if head.reference else "POST",
        "url": head.reference or head.resource_type,
    }
    members = [b'"resource":' + raw.strip(), b'"request":' + _encode(request)]
    if full_url:
        members.insert(0, b'"fullUrl":' + _encode(full_url))
    entry = b"{" + b",".join(members) + b"}"
    return Piece(entry, head.resource_type, bool(head.reference), path, place)


def _lines(stream: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    return ((n, line) for n, line in enumerate(stream, start=1) if line.strip())
