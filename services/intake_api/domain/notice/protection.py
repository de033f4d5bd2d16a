"""What of a notice may be taken over: nothing that is labelled as protected without a consent.

A label of 42 CFR Part 2 or of substance use asks for a Consent of the person, in the record or in
the notice, that permits treatment or the coordination of care and takes nothing labelled out.
https://www.ecfr.gov/current/title-42/part-2 · https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.dates import date_range, instant
from shared.fhir.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from services.intake_api.domain.notice.message import Notice
    from shared.fhir.reader import JsonObject

_TOLD: Final[dict[str, Any]] = read((files(__package__) / "protection.json").read_bytes())
_LABELS: Final = frozenset(_TOLD["labels"])
_PURPOSES: Final = frozenset(_TOLD["purposes"])
# Of the stay itself and of the person: all that could say why they were treated.
_TELLING: Final = frozenset(_TOLD["withheldElements"])


def is_protected(resource: JsonObject) -> bool:
    """Tell whether a resource carries a label that asks for a consent."""
    return any(map(_is_label, resource.get("meta", {}).get("security", ())))


def withheld(notice: Notice) -> frozenset[str]:
    """List the entries of a notice that are left in it where there is no consent, by fullUrl."""
    needed = {notice.stay_address, notice.patient_address}
    return frozenset(
        url for url, each in notice.entries.items() if is_protected(each) and url not in needed
    )


def untelling(resource: JsonObject) -> JsonObject:
    """Leave out of what must be known all that could say why."""
    return {name: value for name, value in resource.items() if name not in _TELLING}


def permits(consents: Iterable[JsonObject], now: datetime, zone: tzinfo) -> bool:
    """Tell whether a person permits to take over what is protected: no denial, and a permission."""
    at = instant(now)
    current = [
        each
        for each in consents
        if each.get("status") == "active" and _covers(each.get("provision", {}), at, zone)
    ]
    return bool(current) and not any(_denies(each.get("provision", {})) for each in current)


def _covers(provision: JsonObject, at: int, zone: tzinfo) -> bool:
    period = provision.get("period", {})
    has_begun = "start" not in period or date_range(period["start"], zone)[0] <= at
    has_ended = "end" in period and date_range(period["end"], zone)[1] <= at
    purposes = {each.get("code") for each in provision.get("purpose", ())}
    return has_begun and not has_ended and (not purposes or bool(purposes & _PURPOSES))


def _denies(provision: JsonObject) -> bool:
    if provision.get("type") == "deny":
        labels = provision.get("securityLabel", ())
        return not labels or any(map(_is_label, labels))
    return any(map(_denies, provision.get("provision", ())))


def _is_label(coding: JsonObject) -> bool:
    return coding.get("code") in _LABELS
