"""What is wrong with a message that claims to be a notice: all of it, with what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.notice.document import document_in
from services.intake_api.domain.notice.message import (
    DISCHARGE,
    EVENT_SYSTEM,
    EVENTS,
    Notice,
    identifiers,
)
from services.intake_api.domain.stay import (
    ACT_CODE,
    ends_inpatient_stay,
    is_classified,
    is_inpatient,
)
from shared.fhir.dates import date_range, names_a_day
from shared.fhir.errors import Issue, RuleViolation
from shared.fhir.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject

_HEADER: Final = "Bundle.entry[0].resource"
# A discharge that did not take place, or was told by mistake, opens nothing.
_OVER: Final = ("finished", "cancelled", "entered-in-error")
# How far the clocks of a hospital may be apart, with their zones: two days, in microseconds.
_ASKEW: Final = 2 * 86_400_000_000


def read_notice(bundle: JsonObject) -> Notice:
    """Read a message as a notice.

    :raises RuleViolation: with everything that is wrong with it.
    """
    issues = [each for each in validate(bundle) if each.severity in {"error", "fatal"}]
    issues = issues or list(_faults(bundle))
    if issues:
        raise RuleViolation(issues=tuple(issues))
    return Notice(bundle)


def notice_in(bundle: JsonObject) -> Notice | None:
    """Read a stored Bundle, which is valid as such, as a notice; None if it is none."""
    if bundle["type"] == "document":
        return document_in(bundle)
    return None if list(_faults(bundle)) else Notice(bundle)


def _faults(bundle: JsonObject) -> Iterator[Issue]:
    found = list(_envelope_faults(bundle))
    # Each part can be looked at only where the one around it stands.
    yield from found or _stay_faults(Notice(bundle))


def _envelope_faults(bundle: JsonObject) -> Iterator[Issue]:
    if bundle["type"] != "message":
        yield _fault("value", "The Bundle's type must be message.", "Bundle.type")
        return
    if "timestamp" not in bundle:
        told = "A notice says when it was made, in timestamp: notices are ordered by it."
        yield _fault("required", told, "Bundle.timestamp")
    entries = bundle.get("entry", ())
    first = entries[0].get("resource", {}) if entries else {}
    if first.get("resourceType") != "MessageHeader":
        yield _fault("structure", "The first entry of a message is its MessageHeader.", _HEADER)
        return
    yield from _header_faults(first)
    yield from _entry_faults(entries)


def _header_faults(header: JsonObject) -> Iterator[Issue]:
    if "id" not in header:
        told = "A MessageHeader needs an id, by which the same message is known again."
        yield _fault("required", told, f"{_HEADER}.id")
    event = header.get("eventCoding", {})
    if event.get("system") != EVENT_SYSTEM or event.get("code") not in EVENTS:
        told = f"The events taken are {', '.join(EVENTS)} of {EVENT_SYSTEM}."
        yield _fault("not-supported", told, f"{_HEADER}.event")
    if not header.get("focus"):
        told = "A notice's focus is the Encounter that it is about."
        yield _fault("required", told, f"{_HEADER}.focus")


def _entry_faults(entries: list[JsonObject]) -> Iterator[Issue]:
    seen: set[str] = set()
    for i, entry in enumerate(entries[1:], 1):
        url = entry.get("fullUrl")
        if url is None or url in seen or "resource" not in entry:
            told = "Each entry of a message has a resource, and a fullUrl of its own."
            yield _fault("required", told, f"Bundle.entry[{i}]")
        seen.add(url or "")


def _stay_faults(notice: Notice) -> Iterator[Issue]:
    focused = [notice.address(each.get("reference")) for each in notice.header["focus"]]
    stays = {url for url in focused if url and _type(notice, url) == "Encounter"}
    if len(stays) != 1:
        told = "A notice's focus names one Encounter that the message carries."
        yield _fault("not-found", told, f"{_HEADER}.focus")
        return
    place = notice.place(notice.stay_address)
    address = notice.address(notice.stay.get("subject", {}).get("reference"))
    if address is None or _type(notice, address) != "Patient":
        told = "The Encounter's subject is a Patient that the message carries."
        yield _fault("not-found", told, f"{place}.subject")
        return
    yield from _identity_faults(notice)
    if notice.event == DISCHARGE:
        yield from _discharge_faults(notice, place)


def _discharge_faults(notice: Notice, place: str) -> Iterator[Issue]:
    stay = notice.stay
    # What is not understood to be the end of a stay would open nothing, and nobody would know.
    if not is_classified(stay):
        told = f"A discharge says what kind of stay it was, in class, by a code of {ACT_CODE}."
        yield _fault("code-invalid", told, f"{place}.class")
    elif is_inpatient(stay) and stay["status"] not in _OVER:
        told = f"The Encounter of a discharge is {', '.join(_OVER)}; this one goes on."
        yield _fault("business-rule", told, f"{place}.status")
    elif ends_inpatient_stay(stay):
        yield from _end_faults(stay.get("period", {}).get("end"), notice, f"{place}.period.end")


def _end_faults(end: str | None, notice: Notice, place: str) -> Iterator[Issue]:
    # The days from which people are followed are counted from there.
    if end is None or not names_a_day(end):
        told = "A discharge says on which day the stay ended, in period.end."
        yield _fault("required", told, place)
    elif date_range(end)[0] > date_range(notice.bundle["timestamp"])[0] + _ASKEW:
        told = "A discharge is told when the stay is over; this one ends after the notice was made."
        yield _fault("business-rule", told, place)


def _identity_faults(notice: Notice) -> Iterator[Issue]:
    if not identifiers(notice.patient):
        told = (
            "The Patient needs an identifier with system and value: nobody is known by name alone."
        )
        yield _fault("required", told, f"{notice.place(notice.patient_address)}.identifier")


def _type(notice: Notice, url: str) -> str:
    resource_type: str = notice.entries[url]["resourceType"]
    return resource_type


def _fault(code: str, told: str, expression: str) -> Issue:
    return Issue("error", code, told, expression)
