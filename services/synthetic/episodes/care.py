"""The resources of a finished programme: episode, goals, orders, plan and handoff.

https://hl7.org/fhir/R4/episodeofcare.html · https://hl7.org/fhir/R4/careplan.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.draft_plan import categories
from services.plan_api.templates.services import SERVICES, activity_definition
from services.synthetic.codes import HL7, LOINC, coding, concept
from services.synthetic.episodes.sessions import ACTIVITIES, Activity
from services.synthetic.marks import META
from services.synthetic.places import AFTERCARE, PROGRAMME, counsellors_at
from services.synthetic.timeline import instant
from shared.care import episode
from shared.care.programme_plan import PROFILE
from shared.care.referral.task import business_status

if TYPE_CHECKING:
    from services.synthetic.episodes.courses import Course, Scores
    from services.synthetic.history import History
    from shared.fhir.reader import JsonObject

_TASK: Final = "http://hl7.org/fhir/CodeSystem/task-code"
_AFTERCARE: Final = coding(str(episode.PROGRAMME["system"]), "aftercare")
_MEASURES: Final = (("44261-6", "PHQ-9 total score"), ("70274-6", "GAD-7 total score"))


@dataclass(frozen=True, slots=True)
class Programme:
    """One person's programme: how it went, from when to when, and who led it."""

    course: Course
    referred: date
    admitted: date
    ended: date

    @property
    def clinician(self) -> JsonObject:
        """Who led it."""
        return counsellors_at(PROGRAMME)[0].reference()

    @property
    def period(self) -> JsonObject:
        """The days from the first to the last."""
        return {"start": self.admitted.isoformat(), "end": self.ended.isoformat()}

    @property
    def outcome(self) -> str:
        """What became of plan, goals and orders, in the codes of CarePlan."""
        return "revoked" if self.course.is_dropout else "completed"


def episode_of_care(subject: JsonObject, condition: JsonObject, programme: Programme) -> JsonObject:
    """Record the episode with every status that it had."""
    admitted, ended = instant(programme.admitted, 8, 30), instant(programme.ended, 15)
    referred = instant(programme.referred, 12)
    return {
        "status": "finished",
        "statusHistory": [
            {"status": "planned", "period": {"start": referred, "end": admitted}},
            {"status": "active", "period": {"start": admitted, "end": ended}},
            {"status": "finished", "period": {"start": ended}},
        ],
        "type": [concept("Intensive outpatient programme", episode.PROGRAMME)],
        "diagnosis": [{"condition": condition}],
        "patient": subject,
        "managingOrganization": PROGRAMME.reference(),
        "period": {"start": admitted, "end": ended},
    }


def goals(subject: JsonObject, programme: Programme, told: list[Scores]) -> list[JsonObject]:
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
        "boundsPeriod": programme.period,
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


def write_plan(history: History, programme: Programme, told: list[Scores]) -> list[JsonObject]:
    """Add the plan with its goals and orders, and give References to the orders."""
    subject = history.subject
    aims = [history.add("Goal", each) for each in goals(subject, programme, told)]
    orders = [history.add("ServiceRequest", order(subject, e, programme)) for e in ACTIVITIES]
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
    history.add("CarePlan", plan)
    return orders


def hand_over(history: History, programme: Programme, episode: JsonObject) -> None:
    """Add the referral to aftercare and its Task, which the clinic has completed.

    It is told as a referral that went its way elsewhere: a handoff of ours begins as requested, and
    needs people who act.
    """
    sent = programme.ended - timedelta(days=7)
    asked = {
        "intent": "order",
        "authoredOn": instant(sent, 14),
        "requester": programme.clinician,
    }
    referral = asked | {
        "status": "completed",
        "code": concept("Aftercare", _AFTERCARE),
        "subject": history.subject,
        "performer": [AFTERCARE.reference()],
        "supportingInfo": [episode],
    }
    task = asked | {
        "status": "completed",
        "businessStatus": business_status("7.0"),
        "code": concept("Handoff to aftercare", coding(_TASK, "fulfill")),
        "focus": history.add("ServiceRequest", referral),
        "for": history.subject,
        "owner": AFTERCARE.reference(),
        "lastModified": instant(programme.ended, 14),
    }
    history.add("Task", task)
