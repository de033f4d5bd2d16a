"""Whether a Consent is in force, and about what.

https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from datetime import datetime

    from shared.fhir.reader import JsonObject

SCOPE: Final = "http://terminology.hl7.org/CodeSystem/consentscope"


def permits(consent: JsonObject, scope: str, now: datetime) -> bool:
    """Tell whether a Consent of a scope is in force, and does not deny."""
    provision = consent.get("provision", {})
    codings = consent.get("scope", {}).get("coding", ())
    return (
        consent.get("status") == "active"
        and (SCOPE, scope) in {(each.get("system"), each.get("code")) for each in codings}
        and provision.get("type") != "deny"
        and holds(provision.get("period", {}), now)
    )


def holds(period: JsonObject, now: datetime) -> bool:
    """Tell whether a period has begun and is not over."""
    begun = "start" not in period or moment(date_range(period["start"])[0]) <= now
    over = "end" in period and moment(date_range(period["end"])[1]) <= now
    return begun and not over
