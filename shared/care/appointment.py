"""What an appointment holds, and the law that it is one person's.

https://hl7.org/fhir/R4/appointment.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.care.canonical import CANONICAL
from shared.care.law import CareChange, Found, Law
from shared.fhir.dates import date_range
from shared.fhir.errors import Issue
from shared.fhir.references import parse_reference
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

SESSION_SYSTEM: Final = f"{CANONICAL}/session"
# An appointment of such a status keeps its time and its place from others.
HOLDING: Final = ("arrived", "booked", "checked-in", "pending")


def holds(appointment: JsonObject | None) -> bool:
    """Tell whether an appointment keeps time and place from others."""
    return appointment is not None and appointment.get("status") in HOLDING


def sessions_of(told: JsonObject) -> frozenset[str]:
    """Name the meetings that an Appointment or Slot is of, which many people may share."""
    identifiers = told.get("identifier", ())
    ours = (each for each in identifiers if each.get("system") == SESSION_SYSTEM)
    return frozenset(each["value"] for each in ours if "value" in each)


def cohorts_of(told: JsonObject) -> frozenset[str]:
    """Name the cohorts whose meetings an Appointment is of: what stands first in a session."""
    return frozenset(each.partition("|")[0] for each in sessions_of(told))


def span_of(told: JsonObject) -> Range | None:
    """Give the time of an Appointment or Slot; None where it has not both ends."""
    if "start" not in told or "end" not in told:
        return None
    return date_range(told["start"])[0], date_range(told["end"])[0]


def overlap(one: JsonObject, other: JsonObject) -> bool:
    """Tell whether two Appointments or Slots share a moment."""
    first, second = span_of(one), span_of(other)
    if first is None or second is None:
        return False
    return max(first[0], second[0]) < min(first[1], second[1])


def actors_of(appointment: JsonObject, bases: tuple[str, ...]) -> frozenset[str]:
    """Name who and what takes part here, but those who have declined."""
    asked = (p for p in appointment.get("participant", ()) if p.get("status") != "declined")
    texts = (str(p.get("actor", {}).get("reference", "")) for p in asked)
    links = (parse_reference(text, bases) for text in texts)
    return frozenset(f"{link.type}/{link.id}" for link in links if link.kind == "local")


def names_one_patient(change: CareChange, _found: Found) -> Iterator[Issue]:
    """Refuse an appointment that names several patients.

    It would disclose them to each other: each person has an Appointment of their own, and the
    session's identifier joins them.
    """
    named = (p.get("actor", {}) for p in change.after.get("participant", ()))
    patients = {_patient(each, change) for each in named} - {None}
    if len(patients) > 1:
        yield Issue(
            "error",
            "business-rule",
            "An Appointment names one patient; write one for each person, with the session's "
            f"identifier of {SESSION_SYSTEM}.",
            "Appointment.participant",
        )


def _patient(actor: JsonObject, change: CareChange) -> str | None:
    """Tell which Patient an actor is, by whatever names it; None for somebody else."""
    link = parse_reference(str(actor.get("reference", "")), change.bases)
    if link.kind == "contained":
        contained = change.after.get("contained", ())
        types = [each["resourceType"] for each in contained if f"#{each.get('id')}" == link.text]
        return link.text if "Patient" in types else None
    if "Patient" not in {link.type, actor.get("type")}:
        return None
    local = link.id if link.kind == "local" else link.text
    return local or canonical(actor).decode()


LAWS: Final = (Law("Appointment", names_one_patient),)
