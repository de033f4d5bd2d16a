"""How this server reads the texts of a resource or a query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo


@dataclass(frozen=True, slots=True)
class Reading:
    """The zone of a date without one, the bases of this server, and the time it is."""

    zone: tzinfo = UTC
    bases: tuple[str, ...] = ()
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
