"""What the value tables hold beside the values: the class of a range's length, and trigrams."""

from __future__ import annotations

from typing import Final
from zlib import crc32

HOUR: Final = 3600 * 1_000_000
# 2^20 hours are 119 years; the class above is for what is longer, or open at an end.
LONGEST: Final = 21


def span_class(low: int, high: int) -> int:
    """Class a range by the logarithm of its hours: 0 is up to one, n up to 2^n of them.

    Whatever reaches beyond a time then began at most 2^n hours before it, per class.
    """
    hours = -((low - high) // HOUR)
    return min(max(hours - 1, 0).bit_length(), LONGEST)


def trigrams(norm: str) -> list[int]:
    """Hash each three neighbouring characters; a text that holds another has all of its."""
    return sorted({crc32(norm[i : i + 3].encode()) - 2**31 for i in range(len(norm) - 2)})
