"""A stay in hospital within a programme, and the follow-up clocks of every discharge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.domain.clock import CLOCK
from services.intake_api.domain.follow_up.windows import AFTER_DISCHARGE
from services.synthetic import encounters
from services.synthetic.codes import coding, concept
from services.synthetic.marks import META
from services.synthetic.places import HOSPITAL, prescribers_at
from services.synthetic.timeline import Timeline, instant
from shared.care.canonical import profile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.synthetic.episodes.programme import Programme
    from services.synthetic.history import History
    from shared.fhir.reader import JsonObject


def stay_again(history: History, programme: Programme, condition: JsonObject) -> JsonObject | None:
    """Add the stay within the programme, and give a Reference to it."""
    again = programme.readmission
    if again is None:
        return None
    days = Timeline(again.admitted, (), again.admitted, again.discharged)
    clinician = prescribers_at(HOSPITAL)[0]
    stay = encounters.stay(history.subject, [condition], clinician, days, "home")
    return history.add("Encounter", stay)


def follow_up(
    history: History, stay: JsonObject, discharged: date, seen: Mapping[date, JsonObject]
) -> JsonObject:
    """Add the clocks of a discharge, and give the truth of them; `seen` are visits by their day."""
    told: JsonObject = {"discharged": discharged.isoformat()}
    for window in AFTER_DISCHARGE:
        period = window.period(discharged)
        days = (day for day in sorted(seen) if period["start"] <= day.isoformat() <= period["end"])
        first = next(days, None)
        history.add(
            "Task",
            {
                "meta": META | {"profile": [profile("stepdown-task")]},
                "intent": "order",
                "code": concept(window.text, coding(CLOCK, window.code)),
                "focus": stay,
                "for": history.subject,
                "authoredOn": instant(discharged, 12),
                "restriction": {"period": period},
                **_outcome(None if first is None else seen[first]),
            },
        )
        told[window.code.replace("-", "_")] = None if first is None else first.isoformat()
    return told


def _outcome(visit: JsonObject | None) -> JsonObject:
    if visit is None:
        return {"status": "failed", "statusReason": {"text": "Nobody saw the person in time."}}
    by = {"type": {"coding": [coding(CLOCK, "satisfied-by")]}, "valueReference": visit}
    return {"status": "completed", "output": [by]}
