"""The plan of the aftercare that a handoff writes: which measures go on, and what goes along.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.handoff.narrative import narrative, paragraphs
from services.progress_api.domain.handoff.sections import reference_to
from services.progress_api.domain.measures.choosing import (
    Ground,
    Person,
    born,
    is_ground,
    schedules,
)
from shared.care.aftercare import CATEGORY, is_aftercare, plan_id
from shared.care.canonical import CANONICAL, CAUSE
from shared.care.own_plans import kind_of
from shared.care.programme_plan import is_in_force

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.progress_api.domain.handoff.handoff import Handoff
    from services.progress_api.domain.handoff.record import Record
    from services.progress_api.domain.measures.policy import Rhythm, Schedule
    from shared.fhir.reader import JsonObject

TITLE: Final = "Aftercare plan"
_ASSESS_PLAN: Final = {
    "system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
    "code": "assess-plan",
}


def aftercare_plan(
    handoff: Handoff, record: Record, referral: JsonObject, patient: JsonObject | None
) -> JsonObject:
    """Write the plan as a draft: it comes into force when the programme has ended."""
    measures = _measures(handoff, record, patient)
    plans = record.current("CarePlan")
    kept = [each for each in plans if kind_of(each)]
    written: dict[str, Any] = {
        "resourceType": "CarePlan",
        "id": plan_id(handoff.cause),
        "identifier": [{"system": CAUSE, "value": handoff.cause}],
        "text": narrative(paragraphs(_told(measures, kept, record))),
        "replaces": _referring(each for each in plans if is_in_force(each)),
        "status": "draft",
        "intent": "plan",
        "category": [{"coding": [CATEGORY], "text": TITLE}, {"coding": [_ASSESS_PLAN]}],
        "title": TITLE,
        "subject": {"reference": handoff.patient},
        "created": handoff.recorded,
        "author": {"reference": handoff.clinician},
        "contributor": [{"reference": handoff.clinician}],
        "addresses": _referring(record.current("Condition")),
        "supportingInfo": [{"reference": handoff.episode_reference}, *_referring(kept)],
        "goal": _referring(record.current("Goal")),
        "activity": [
            {"reference": reference_to(referral)},
            *({"reference": each} for each in _referring(record.coming())),
            *({"detail": _asked(each, handoff)} for each in measures),
        ],
    }
    return {name: value for name, value in written.items() if value}


def with_plan(record: Record, plan: JsonObject) -> Record:
    """Give the record with this plan as the only one of the aftercare."""
    others = [each for each in record.by_type.get("CarePlan", ()) if not is_aftercare(each)]
    return record.with_all("CarePlan", [*others, plan])


def _measures(handoff: Handoff, record: Record, patient: JsonObject | None) -> list[Schedule]:
    told = [each for name in ("CarePlan", "Condition") for each in record.by_type.get(name, ())]
    grounds = tuple(Ground(each, handoff.now) for each in told if is_ground(each))
    return schedules(Person(born(patient, handoff.zone), grounds), handoff.day)


def _asked(schedule: Schedule, handoff: Handoff) -> JsonObject:
    instrument, rhythm = schedule.instrument, schedule.rhythms["aftercare"]
    repeat = {"frequency": 1, "period": rhythm.interval_days, "periodUnit": "d"}
    return {
        "kind": "Task",
        "instantiatesCanonical": [f"{CANONICAL}/Questionnaire/{instrument.questionnaire}"],
        "code": {"text": instrument.title},
        "status": "scheduled",
        "scheduledTiming": {"repeat": _bounds(rhythm) | repeat},
        "performer": [{"reference": handoff.patient}],
        "description": _every(schedule),
    }


def _bounds(rhythm: Rhythm) -> JsonObject:
    if rhythm.period_days is None:
        return {}
    days = {"system": "http://unitsofmeasure.org", "code": "d", "unit": "days"}
    return {"boundsDuration": {"value": rhythm.period_days} | days}


def _every(schedule: Schedule) -> str:
    rhythm = schedule.rhythms["aftercare"]
    how_long = f", for {rhythm.period_days} days" if rhythm.period_days else ""
    return f"Every {rhythm.interval_days} days after the end of the programme{how_long}"


def _told(
    measures: Sequence[Schedule], kept: Sequence[JsonObject], record: Record
) -> Iterable[str]:
    yield f"{TITLE}. It begins when the programme ends."
    for each in measures:
        yield f"{each.instrument.title}: {_every(each).lower()}."
    if titles := [str(each.get("title", each["resourceType"])) for each in kept]:
        yield f"Goes on: {', '.join(titles)}."
    if coming := record.coming():
        yield f"Appointments to come: {len(coming)}."


def _referring(resources: Iterable[JsonObject]) -> list[JsonObject]:
    return [reference_to(each) for each in resources]
