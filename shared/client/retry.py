"""Decides, without I/O, whether a request may be sent again and how long to wait before.

A request may be repeated when the server cannot have acted on it: the connection was never made,
or the answer was 429 or 503. Where it may have acted (502, 504, a connection that broke), only a
request that changes nothing when repeated may be sent again.
https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
NOT_ACTED_ON: Final = frozenset({429, 503})
PERHAPS_ACTED_ON: Final = frozenset({502, 504})

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 30.0


def may_repeat(status: int, *, idempotent: bool) -> bool:
    """Whether a request that got this status may be sent again."""
    return status in NOT_ACTED_ON or (idempotent and status in PERHAPS_ACTED_ON)


def pause(attempt: int, retry_after: str | None = None, *, now: datetime | None = None) -> float:
    """Seconds to wait after the attempt (0 is the first), as the server asked or doubling."""
    asked = _asked(retry_after, now) if retry_after else None
    if asked is None:
        # The exponent is bounded, or a long-lived sender would overflow a float.
        asked = FIRST_PAUSE_SECONDS * 2 ** min(attempt, 10)
    return min(max(asked, 0.0), LONGEST_PAUSE_SECONDS)


def _asked(retry_after: str, now: datetime | None) -> float | None:
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    # A date without a zone ("-0000") cannot be compared with an instant.
    return (moment - now).total_seconds() if now and moment.tzinfo else None
