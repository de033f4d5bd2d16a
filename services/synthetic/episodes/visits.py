"""An Appointment for each session, and an Encounter for each that was attended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.synthetic.codes import HL7, coding
from services.synthetic.places import PROGRAMME
from services.synthetic.timeline import instant

if TYPE_CHECKING:
    from services.synthetic.episodes.programme import Programme
    from services.synthetic.episodes.sessions import Session
    from services.synthetic.history import History
    from shared.fhir.reader import JsonObject

_NOT_HELD: Final = frozenset({"noshow", "cancelled"})


def visit(
    history: History, programme: Programme, session: Session, told: dict[str, JsonObject]
) -> JsonObject | None:
    """Add what the record says of a session; `told` names its `episode` and its `order`.

    Gives a Reference to the Encounter, where there was one.
    """
    activity = session.activity
    booked = {
        "start": _at(session, activity.begins),
        "end": _at(session, activity.begins + activity.minutes),
    }
    appointment: JsonObject = booked | {
        "status": session.kind if session.kind in _NOT_HELD else "fulfilled",
        "minutesDuration": activity.minutes,
        "basedOn": [told["order"]],
        "participant": [
            {"actor": history.subject, "status": "accepted"},
            {"actor": programme.clinician, "status": "accepted"},
        ],
    }
    if session.kind == "cancelled":
        appointment["cancelationReason"] = {"text": "The person is in hospital."}
    kept = history.add("Appointment", appointment)
    if session.kind in _NOT_HELD:
        return None
    return history.add("Encounter", _encounter(history, programme, session, told, kept))


def _encounter(
    history: History,
    programme: Programme,
    session: Session,
    told: dict[str, JsonObject],
    appointment: JsonObject,
) -> JsonObject:
    is_virtual = session.kind == "telehealth"
    code, display = ("VR", "virtual") if is_virtual else ("AMB", "ambulatory")
    return {
        "status": "finished",
        "class": coding(f"{HL7}/v3-ActCode", code, display),
        "subject": history.subject,
        "episodeOfCare": [told["episode"]],
        "basedOn": [told["order"]],
        "appointment": [appointment],
        "participant": [{"individual": programme.clinician}],
        "period": {"start": _at(session, session.arrived), "end": _at(session, session.left)},
        "serviceProvider": PROGRAMME.reference(),
    }


def _at(session: Session, minutes: int) -> str:
    return instant(session.day, minutes // 60, minutes % 60)
