"""Whether a Consent is in force, about what, and when that changes by its own period.

`now` says by its zone in which one a date without any is taken to be.
https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from datetime import datetime

    from shared.fhir.reader import JsonObject

SCOPE: Final = "http://terminology.hl7.org/CodeSystem/consentscope"


def permits(consent: JsonObject, scope: str, now: datetime) -> bool:
    """Tell whether a Consent of a scope is in force, and does not deny."""
    is_meant = is_of(consent, scope) and is_given(consent)
    return is_meant and holds(consent.get("provision", {}).get("period", {}), now)


def is_given(consent: JsonObject) -> bool:
    """Tell whether a Consent stands and does not deny, whatever its period."""
    denies = consent.get("provision", {}).get("type") == "deny"
    return consent.get("status") == "active" and not denies


def is_of(consent: JsonObject, scope: str) -> bool:
    """Tell whether a Consent is of a scope."""
    codings = consent.get("scope", {}).get("coding", ())
    return (SCOPE, scope) in {(each.get("system"), each.get("code")) for each in codings}


def holds(period: JsonObject, now: datetime) -> bool:
    """Tell whether a period has begun and is not over."""
    begins, ends = _bounds(period, now)
    return (begins is None or begins <= now) and (ends is None or now < ends)


def turns(consent: JsonObject, now: datetime) -> datetime | None:
    """Tell when a Consent next comes into force or runs out by itself; None when it does not."""
    if consent.get("status") != "active":
        return None
    return next_turn(consent.get("provision", {}).get("period", {}), now)


def next_turn(period: JsonObject, now: datetime) -> datetime | None:
    """Tell when a period next begins or ends; None when it does neither any more."""
    bounds = _bounds(period, now)
    return min((each for each in bounds if each is not None and now < each), default=None)


def _bounds(period: JsonObject, now: datetime) -> tuple[datetime | None, datetime | None]:
    zone = now.tzinfo or UTC
    begins = moment(date_range(period["start"], zone)[0]) if "start" in period else None
    ends = moment(date_range(period["end"], zone)[1]) if "end" in period else None
    return begins, ends
