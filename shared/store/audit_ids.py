"""The ids by which rows of the audit are shown: their positions, enciphered by the site's secret.

A position counts the rows before it, of which its reader may not see all.
"""

from __future__ import annotations

import re
from hashlib import blake2s
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)
_HALF: Final = 2**32
_LAST_POSITION: Final = 2**63 - 1
# Four rounds of a Feistel network make a permutation that cannot be told from a random one.
# https://doi.org/10.1137/0217022
_ROUNDS: Final = range(4)


def audit_id(position: int, secret: bytes) -> str:
    """Give the id of the row at a position."""
    left, right = divmod(position, _HALF)
    for number in _ROUNDS:
        left, right = right, left ^ _mixed(number, right, secret)
    return f"{left:08x}{right:08x}"


def position_of(logical_id: str, secret: bytes) -> int | None:
    """Give the position of the row with an id; None for an id that no row can have."""
    if not _ID.fullmatch(logical_id):
        return None
    left, right = divmod(int(logical_id, 16), _HALF)
    for number in reversed(_ROUNDS):
        left, right = right ^ _mixed(number, left, secret), left
    position = left * _HALF + right
    return position if 0 < position <= _LAST_POSITION else None


def _mixed(number: int, half: int, secret: bytes) -> int:
    told = number.to_bytes(1) + half.to_bytes(4)
    return int.from_bytes(blake2s(told, digest_size=4, key=secret[:32]).digest())
