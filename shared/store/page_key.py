"""The key of a page: the place in the order where it begins, signed, so that it needs no state."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from shared.fhir.errors import InvalidSearch

_SIGNATURE: Final = 16


class Paged(Protocol):
    """What is shown in pages, such as a Query."""

    @property
    def fingerprint(self) -> bytes:
        """Tell apart what does not continue one another."""


@dataclass(frozen=True, slots=True)
class PageKey:
    """The sort values, id and type of the row beside a page: after it, or before it.

    It travels, and so holds nothing but what was shown: an internal key would tell how much is
    written that its reader may not see.
    """

    values: tuple[int | str | None, ...]
    id: str
    type: str
    backward: bool = False


def sign(key: PageKey, query: Paged, tenant: int, secret: bytes) -> str:
    """Write a key as the text of a link; it holds for this search only."""
    raw = _encoder.encode(key)
    return urlsafe_b64encode(_signature(raw, query, tenant, secret) + raw).decode().rstrip("=")


def verify(text: str, query: Paged, tenant: int, secret: bytes) -> PageKey:
    """Read the key of a link.

    :raises InvalidSearch: it was changed, or belongs to another search, tenant or server.
    """
    try:
        signed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        signed = b""
    signature, raw = signed[:_SIGNATURE], signed[_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(raw, query, tenant, secret)):
        raise InvalidSearch("The page key does not belong to this search; begin again without it.")
    return _decoder.decode(raw)


def _signature(raw: bytes, query: Paged, tenant: int, secret: bytes) -> bytes:
    signed = b"%d|%b|%b" % (tenant, query.fingerprint, raw)
    return hmac.new(secret, signed, sha256).digest()[:_SIGNATURE]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(PageKey)
