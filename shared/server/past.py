"""An instant of the past, at which an operation is asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.dates import date_range, moment
from shared.fhir.errors import Malformed
from shared.store.version import instant

if TYPE_CHECKING:
    from datetime import datetime


def past(at: str | None, now: datetime) -> datetime | None:
    """Read the input `at`; None where it is not given.

    :raises Malformed: when it is a day, or lies in the future.
    """
    if at is None:
        return None
    if "T" not in at:
        raise Malformed(
            "at must tell the time too, as 2026-03-01T09:00:00Z does.",
            expression="Parameters.parameter",
        )
    begins = moment(date_range(at)[0])
    if begins > now:
        raise Malformed(
            f"at must not lie in the future; now it is {instant(now)}.",
            expression="Parameters.parameter",
        )
    return begins
