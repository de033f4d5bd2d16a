"""Laws of an appointment, which hold whoever writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.canonical import CANONICAL
from shared.care.law import CareChange, Found, Law
from shared.fhir.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION_SYSTEM: Final = f"{CANONICAL}/session"


def group_session_names_one_patient(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse an appointment of a group session that names several patients.

    It would disclose them to each other: each person has an Appointment of their own, and the
    session's identifier joins them.
    """
    identifiers = change.after.get("identifier", ())
    if not any(identifier.get("system") == SESSION_SYSTEM for identifier in identifiers):
        return
    participants = change.after.get("participant", ())
    actors = [str(p.get("actor", {}).get("reference", "")) for p in participants]
    if len({actor for actor in actors if "Patient/" in actor}) > 1:
        yield Issue(
            "error",
            "business-rule",
            "An Appointment of a group session names one patient; write one for each person.",
            "Appointment.participant",
        )


LAWS = (Law("Appointment", group_session_names_one_patient),)
