"""Writes JSON so that every digit goes out as it came in.

An untouched resource is spliced: its own bytes, with a new `id` and `meta`. Only a tree that was
changed (references rewritten, a patch) is encoded again, and then each number keeps its text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from jiter import LosslessFloat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject

_SERVERS: Final = ("id", "meta")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _number(value: object) -> msgspec.Raw:
    if isinstance(value, LosslessFloat):
        return msgspec.Raw(bytes(value))
    raise TypeError(type(value).__name__)


_encoder = msgspec.json.Encoder(enc_hook=_number)
_sorting = msgspec.json.Encoder(enc_hook=_number, order="sorted")


def write(tree: Any) -> bytes:  # noqa: ANN401
    """Write a tree that the reader gave, or one built of the same kinds of values."""
    return _encoder.encode(tree)


def canonical(tree: Any) -> bytes:  # noqa: ANN401
    """Write a tree with its members sorted, so that equal content gives equal bytes."""
    return _sorting.encode(tree)


def splice(raw: bytes, logical_id: str, meta: JsonObject) -> bytes:
    """Give the resource's own bytes the server's `id` and `meta`.

    `raw` must have passed the strict reader: this scan does not see duplicate keys.
    """
    members = _members.decode(raw)
    for name in _SERVERS:
        members.pop(name, None)
    head = {"resourceType": members.pop("resourceType"), "id": logical_id, "meta": meta}
    # What is decoded raw is encoded as it stood.
    return _encoder.encode(head | members)


def join(pieces: Iterable[bytes]) -> bytes:
    """Join the pieces of a Bundle; each resource is one untouched piece."""
    return b"".join(pieces)
