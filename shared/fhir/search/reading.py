"""How this server reads the texts of a resource or a query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from shared.fhir.search.stored import NOTHING, Stored


@dataclass(frozen=True, slots=True)
class Reading:
    """The zone of a date without one, the bases of this server, and the time it is.

    `stored` are the search parameters that the record holds, beside R4's own.
    """

    zone: tzinfo = UTC
    bases: tuple[str, ...] = ()
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    stored: Stored = NOTHING
