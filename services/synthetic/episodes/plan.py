"""The plan of a finished programme: its goals, its orders, and how it was revised.

https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.draft_plan import categories
from services.plan_api.templates.services import SERVICES, activity_definition
from services.synthetic.codes import HL7, LOINC, coding, concept
from services.synthetic.episodes.review import decided_on
from services.synthetic.marks import META
from services.synthetic.timeline import instant
from shared.care.programme_plan import PROFILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.synthetic.episodes.courses import Scores
    from services.synthetic.episodes.programme import Programme
    from services.synthetic.episodes.review import Review
    from services.synthetic.episodes.sessions import Activity
    from services.synthetic.history import History
    from shared.fhir.reader import JsonObject

_MEASURES: Final = (("44261-6", "PHQ-9 total score"), ("70274-6", "GAD-7 total score"))


def goals(subject: JsonObject, programme: Programme, told: Sequence[Scores]) -> list[JsonObject]:
    """Write for each measure the goal that half of its baseline is gone."""
    first, last = told[0], told[-1]
    pairs = ((first.phq_9, last.phq_9), (first.gad_7, last.gad_7))
    return [
        _goal(subject, programme, measure, pair)
        for measure, pair in zip(_MEASURES, pairs, strict=True)
    ]


def _goal(
    subject: JsonObject, programme: Programme, measure: tuple[str, str], pair: tuple[int, int]
) -> JsonObject:
    (code, name), (before, after) = measure, pair
    half = before // 2
    reached = "achieved" if after <= half else "not-achieved"
    unit = {"unit": "{score}", "system": "http://unitsofmeasure.org", "code": "{score}"}
    target = {
        "measure": concept(name, coding(LOINC, code)),
        "detailQuantity": {"value": half, "comparator": "<="} | unit,
        "dueDate": programme.ended.isoformat(),
    }
    return {
        "lifecycleStatus": "cancelled" if programme.course.is_dropout else "completed",
        "achievementStatus": {"coding": [coding(f"{HL7}/goal-achievement", reached)]},
        "description": {"text": f"{name}: half of the baseline is gone"},
        "subject": subject,
        "startDate": programme.admitted.isoformat(),
        "target": [target],
    }


def order(subject: JsonObject, activity: Activity, programme: Programme) -> JsonObject:
    """Order a service by its definition, with the times at which it meets."""
    definition = activity_definition(SERVICES[activity.service])
    repeat = {
        "boundsPeriod": programme.period | {"start": programme.monday(activity.since).isoformat()},
        "frequency": len(activity.days),
        "period": activity.weeks,
        "periodUnit": "wk",
        "duration": activity.minutes,
        "durationUnit": "min",
        "dayOfWeek": list(activity.days),
        "timeOfDay": [f"{activity.begins // 60:02}:{activity.begins % 60:02}:00"],
    }
    return {
        "instantiatesCanonical": [f"{definition['url']}|{definition['version']}"],
        "status": programme.outcome,
        "intent": "order",
        "category": definition["topic"],
        "code": definition["code"],
        "subject": subject,
        "occurrenceTiming": {"repeat": repeat},
        "authoredOn": instant(programme.admitted, 8, 30),
        "requester": programme.clinician,
        "performer": [programme.clinician],
    }


def write_plan(
    history: History, programme: Programme, told: Sequence[Scores]
) -> tuple[JsonObject, list[JsonObject]]:
    """Add the plan with its goals and orders, and give References to it and to the orders."""
    subject, review = history.subject, programme.review
    aims = [history.add("Goal", each) for each in goals(subject, programme, told)]
    orders = [
        history.add("ServiceRequest", order(subject, each, programme))
        for each in programme.activities
    ]
    plan = {
        "meta": META | {"profile": [PROFILE]},
        "status": programme.outcome,
        "intent": "plan",
        "category": categories(),
        "title": "Intensive outpatient programme of twelve weeks",
        "subject": subject,
        "period": programme.period,
        "created": instant(programme.admitted, 8, 30),
        "author": programme.clinician,
        "goal": aims,
        "activity": [{"reference": each} for each in orders],
    }
    if review and review.is_accepted:
        plan["note"] = [_decided(programme, review)]
    return history.add("CarePlan", plan), orders


def _decided(programme: Programme, review: Review) -> JsonObject:
    return {
        "authorReference": programme.clinician,
        "time": instant(decided_on(programme, review), 12),
        "text": review.words,
    }
