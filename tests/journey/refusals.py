"""What provokes each refusal that docs/operations.md lists, by the operation and its own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]
THERAPIST = "Practitioner/therapist"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that is refused; `person` says at which point of the way its names are."""

    path: str
    body: Body | None
    actor: str | None = THERAPIST
    person: str = "finished"


def parameters(**values: Body) -> Body:
    given = [{"name": name.replace("_", "-"), **value} for name, value in values.items()]
    return {"resourceType": "Parameters", **({"parameter": given} if given else {})}


def response(**changes: object) -> Body:
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": "https://stepdown.example/fhir/Questionnaire/phq-9",
        "status": "completed",
        "subject": {"reference": "Patient/{patient}"},
        "authored": "2026-03-10T15:00:00Z",
        **changes,
    }


def answered(link_id: str) -> list[Body]:
    return [{"linkId": link_id, "answer": [{"valueCoding": {"code": "LA1"}}]}]


def notice(**changes: object) -> Body:
    event = {"system": "http://example.org", "code": "other"}
    header = {"resourceType": "MessageHeader", "id": "m", "eventCoding": event}
    header["source"] = {"endpoint": "https://hospital.example/notices"}
    entry = [{"fullUrl": "urn:uuid:7d1a1b4e-0000-4000-8000-000000000009", "resource": header}]
    return {"resourceType": "Bundle", "type": "message", "entry": entry, **changes}


NONE = parameters()
TAGGED = parameters(meta={"valueMeta": {"tag": [{"code": "pilot"}]}})
REASON = parameters(reason={"valueString": "Because"})
PERSON = {"valueString": "Patient/{patient}"}
SUBJECT = parameters(subject=PERSON)
CLINIC = parameters(recipient={"valueReference": {"reference": "Organization/clinic"}})


def to(recipient: str) -> Body:
    return parameters(recipient={"valueReference": {"reference": recipient}})


def asked(subject: str, **others: Body) -> Body:
    return parameters(subject={"valueReference": {"reference": subject}}, **others)


def about(subject: str) -> Body:
    return parameters(subject={"valueString": subject})


def step(trigger: str) -> Body:
    return parameters(trigger={"valueCode": trigger})


def triggered(*names: str) -> Body:
    """Name a trigger of a plan of a person's own with some of its parts."""
    person = {"valueReference": {"reference": "Patient/{patient}"}}
    parts: dict[str, Body] = {"what": person, "action": {"valueString": "I walk."}, "owner": person}
    return parameters(subject=PERSON, trigger={"part": [{"name": n} | parts[n] for n in names]})


CARER = "Organization/other"
TRANSITION = "Task/{elsewhere}/$transition"
STATUS = "http://hl7.org/fhir/encounter-status"
OTHER = "http://example.org/other"
ADMIT = "EpisodeOfCare/{episode}/$admit"
DECLINE = "EpisodeOfCare/{episode}/$decline"
APPLY = "PlanDefinition/iop-adult/$apply"
OWN_PLAN = "PlanDefinition/relapse-prevention-plan/$apply"
PROPOSE = "CarePlan/{plan}/$propose-revision"
ACCEPT = "CarePlan/{proposal}/$accept-revision"
REJECT = "CarePlan/{proposal}/$reject-revision"
EXTRACT = "QuestionnaireResponse/$extract"
POPULATE = "Questionnaire/audit-c/$populate"
POPULATE_ASKED = "Questionnaire/$populate"
HANDOFF = "EpisodeOfCare/{episode}/$handoff"
FIGURES = "Organization/programme/$figures"
LEVEL_OF_CARE = "Patient/{patient}/$level-of-care"
EVERYTHING = "Patient/{patient}/$everything"
PROGRESS = "Patient/{patient}/$progress"
LASTN = "Observation/$lastn?patient=Patient/{patient}"

ATTEMPTS: dict[str, dict[str, Attempt]] = {
    "": {
        "a parameter is unknown": Attempt(ADMIT, parameters(why={"valueString": "x"})),
        "a value is of another type": Attempt(ADMIT, parameters(reason={"valueInteger": 3})),
        "a parameter is given too often": Attempt(
            ADMIT, {**REASON, "parameter": REASON["parameter"] * 2}
        ),
        "the body is another resource": Attempt(ADMIT, {"resourceType": "Patient"}),
        "the actor is no reference": Attempt(ADMIT, NONE, "therapist"),
        "no such operation, or not on this type or level": Attempt("EpisodeOfCare/$admit", NONE),
        "GET for what changes something": Attempt(ADMIT, None),
    },
    "$process-message": {
        "there is no message": Attempt("$process-message", NONE),
        "the Bundle is no message": Attempt("$process-message", notice(type="collection")),
        "it has no time": Attempt("$process-message", notice()),
        "its event is another": Attempt(
            "$process-message", notice(timestamp="2026-03-09T14:05:00Z")
        ),
    },
    "Patient/$level-of-care": {
        "there is no such person": Attempt("Patient/nobody/$level-of-care", NONE),
        "the criteria set is another": Attempt(
            LEVEL_OF_CARE, parameters(criteria_set={"valueCanonical": "https://example.org/other"})
        ),
        "`at` lies in the future": Attempt(
            LEVEL_OF_CARE, parameters(at={"valueDateTime": "2999-01-01T00:00:00Z"})
        ),
        "`at` is a day": Attempt(LEVEL_OF_CARE, parameters(at={"valueDateTime": "2026-03-01"})),
    },
    "EpisodeOfCare/$admit": {
        "nobody acts, or no Practitioner": Attempt(ADMIT, NONE, None),
        "the Practitioner is unknown": Attempt(ADMIT, NONE, "Practitioner/nobody"),
        "there is no such episode": Attempt("EpisodeOfCare/nobody/$admit", NONE),
        "the track is another": Attempt(
            ADMIT, parameters(track={"valueCode": "weekend"}), person="assessed"
        ),
        "it does not wait": Attempt(ADMIT, NONE),
        "safety is not known": Attempt(ADMIT, NONE, person="told of"),
        "no recommendation, and no reason": Attempt(ADMIT, NONE, person="assessed"),
    },
    "EpisodeOfCare/$decline": {
        "there is no reason": Attempt(DECLINE, NONE),
        "nobody acts, or no Practitioner": Attempt(DECLINE, REASON, "Organization/clinic"),
        "there is no such episode": Attempt("EpisodeOfCare/nobody/$decline", REASON),
        "it does not wait": Attempt(DECLINE, REASON),
    },
    "EpisodeOfCare/$waitlist": {
        "the track is another": Attempt("EpisodeOfCare/$waitlist?track=weekend", None),
    },
    "Patient/$everything": {
        "there is no such person": Attempt("Patient/nobody/$everything", None),
        "a type is unknown": Attempt(f"{EVERYTHING}?_type=Pateint", None),
        "a day is none": Attempt(f"{EVERYTHING}?start=soon", None),
        "the page key is of another search": Attempt(f"{EVERYTHING}?_page=other", None),
    },
    "Patient/$progress": {
        "there is no such person": Attempt("Patient/nobody/$progress", None),
        "the instrument is another": Attempt(f"{PROGRESS}?instrument=other", None),
        "the end comes first": Attempt(f"{PROGRESS}?start=2026-03-02&end=2026-03-01", None),
        "there are too many weeks": Attempt(f"{PROGRESS}?start=1900-01-01", None),
        "`at` lies in the future": Attempt(f"{PROGRESS}?at=2999-01-01T00:00:00Z", None),
    },
    "Observation/$lastn": {
        "it does not say of whom": Attempt("Observation/$lastn?code=44261-6", None),
        "none of each is asked for": Attempt(f"{LASTN}&max=0", None),
        "it is sorted otherwise": Attempt(f"{LASTN}&_sort=date", None),
    },
    "PlanDefinition/$apply": {
        "there is no person": Attempt(APPLY, NONE),
        "no template is named, or two": Attempt("PlanDefinition/$apply", SUBJECT),
        "nobody acts, or no Practitioner": Attempt(APPLY, SUBJECT, None),
        "there is no such template": Attempt("PlanDefinition/nothing/$apply", SUBJECT),
        "there is no such person": Attempt(APPLY, about("Patient/nobody")),
        "a trigger has no action": Attempt(OWN_PLAN, triggered("what", "owner")),
        "a trigger has no owner": Attempt(OWN_PLAN, triggered("what", "action")),
        "the person is not in the programme": Attempt(APPLY, SUBJECT),
        "a plan is active": Attempt(APPLY, SUBJECT, person="worse"),
        "the subject is no Patient": Attempt(APPLY, about("Group/1")),
        "a skill is none that is taught": Attempt(
            APPLY, parameters(subject=PERSON, skill={"valueCode": "juggling"})
        ),
        "a member is nobody who can be one": Attempt(
            APPLY, parameters(subject=PERSON, member={"valueString": "Patient/{patient}"})
        ),
    },
    "CarePlan/$hours": {
        "there is no such plan": Attempt("CarePlan/nothing/$hours", None),
        "a policy is unknown": Attempt("CarePlan/{plan}/$hours?policy=other", None),
        "the end comes first": Attempt(
            "CarePlan/{plan}/$hours?start=2026-03-02&end=2026-03-01", None
        ),
    },
    "CarePlan/$propose-revision": {
        "there is no reason": Attempt(PROPOSE, NONE),
        "nobody acts, or no Practitioner": Attempt(PROPOSE, REASON, None),
        "there is no such plan": Attempt("CarePlan/nothing/$propose-revision", REASON),
        "the plan is not in force": Attempt(PROPOSE, REASON),
        "nothing is to change": Attempt(PROPOSE, REASON, person="worse"),
        "an order is not of the plan": Attempt(
            PROPOSE,
            parameters(reason={"valueString": "x"}, remove={"valueString": "ServiceRequest/no"}),
            person="worse",
        ),
        "a goal is not of the plan": Attempt(
            PROPOSE,
            parameters(reason={"valueString": "x"}, end_goal={"valueString": "Goal/no"}),
            person="worse",
        ),
    },
    "CarePlan/$accept-revision": {
        "nobody acts, or no Practitioner": Attempt(ACCEPT, NONE, "Patient/{patient}"),
        "there is no such plan": Attempt("CarePlan/nothing/$accept-revision", NONE),
        "it is no proposal": Attempt("CarePlan/{plan}/$accept-revision", NONE),
        "it is decided": Attempt(ACCEPT, NONE),
    },
    "CarePlan/$reject-revision": {
        "there is no reason": Attempt(REJECT, NONE),
        "nobody acts, or no Practitioner": Attempt(REJECT, REASON, None),
        "there is no such plan": Attempt("CarePlan/nothing/$reject-revision", REASON),
        "it is no proposal": Attempt("CarePlan/{plan}/$reject-revision", REASON),
        "it is decided": Attempt(REJECT, REASON),
    },
    "Questionnaire/$populate": {
        "nobody is asked": Attempt(POPULATE, NONE),
        "the subject is no Patient": Attempt(POPULATE, asked("Organization/clinic")),
        "no Questionnaire is named": Attempt(POPULATE_ASKED, asked("Patient/{patient}")),
        "there is no such Questionnaire": Attempt(
            "Questionnaire/nothing/$populate", asked("Patient/{patient}")
        ),
        "the canonical is unknown": Attempt(
            POPULATE_ASKED, asked("Patient/{patient}", canonical={"valueCanonical": OTHER})
        ),
        "the person is not here": Attempt(POPULATE, asked("Patient/nobody")),
    },
    "QuestionnaireResponse/$extract": {
        "no response is sent": Attempt(EXTRACT, NONE),
        "there is no such response": Attempt("QuestionnaireResponse/nothing/$extract", NONE),
        "it is not completed": Attempt(EXTRACT, response(status="in-progress")),
        "the Questionnaire is another": Attempt(
            EXTRACT, response(questionnaire="https://example.org/other")
        ),
        "an item is unknown": Attempt(EXTRACT, response(item=answered("zzz"))),
        "an answer is none of the item's": Attempt(EXTRACT, response(item=answered("44250-9"))),
    },
    "Organization/$figures": {
        "there is no such organization": Attempt("Organization/nobody/$figures", NONE),
        "a figure is another": Attempt(FIGURES, parameters(measure={"valueCode": "mood"})),
        "the period ends before it begins": Attempt(
            FIGURES,
            parameters(start={"valueDate": "2026-03-02"}, end={"valueDate": "2026-03-01"}),
        ),
    },
    "EpisodeOfCare/$handoff": {
        "there is no recipient": Attempt(HANDOFF, NONE),
        "the recipient is no Organization": Attempt(HANDOFF, to("Practitioner/therapist")),
        "nobody acts, or no Practitioner": Attempt(HANDOFF, CLINIC, None),
        "there is no such episode": Attempt("EpisodeOfCare/nobody/$handoff", CLINIC),
        "it is not active": Attempt(HANDOFF, CLINIC),
        "another clinic has it": Attempt(HANDOFF, CLINIC, person="handed over"),
        "the clinic is unknown": Attempt(HANDOFF, to("Organization/nothing")),
    },
    "Task/$transition": {
        "there is no such trigger": Attempt(TRANSITION, step("run"), CARER, "handed over"),
        "nobody acts": Attempt(TRANSITION, step("accept"), None, "handed over"),
        "there is no such Task": Attempt("Task/nobody/$transition", step("accept"), CARER),
        "it leads nowhere from here": Attempt(TRANSITION, step("no-show"), CARER, "handed over"),
        "it is another party's step": Attempt(TRANSITION, step("accept"), THERAPIST, "handed over"),
        "the Task is about no referral": Attempt(
            "Task/{clock}/$transition", step("accept"), CARER, "handed over"
        ),
        "the reason is missing": Attempt(TRANSITION, step("decline"), CARER, "handed over"),
    },
    "$clock": {
        "the instant has passed": Attempt(
            "$clock", parameters(instant={"valueInstant": "2020-01-01T00:00:00Z"})
        ),
        "the instant is none": Attempt("$clock", parameters(instant={"valueInstant": "soon"})),
    },
    "$reindex": {
        "a type is none": Attempt("$reindex", parameters(type={"valueCode": "Pateint"})),
    },
    "Patient/$match": {
        "nobody is described": Attempt("Patient/$match", NONE),
    },
    "Resource/$validate": {
        "there is no resource": Attempt("Observation/$validate", None),
        "there is no such resource": Attempt("Patient/nobody/$validate", None),
    },
    "Resource/$meta": {
        "there is no such resource": Attempt("Patient/nobody/$meta", None),
    },
    "Resource/$meta-add": {
        "there is no meta": Attempt("Patient/{patient}/$meta-add", NONE),
        "there is no such resource": Attempt("Patient/nobody/$meta-add", TAGGED),
    },
    "Resource/$meta-delete": {
        "there is no meta": Attempt("Patient/{patient}/$meta-delete", NONE),
        "there is no such resource": Attempt("Patient/nobody/$meta-delete", TAGGED),
    },
    "CodeSystem/$lookup": {
        "the code is another": Attempt(f"CodeSystem/$lookup?system={STATUS}&code=done", None),
        "the code system is another": Attempt(f"CodeSystem/$lookup?system={OTHER}&code=x", None),
    },
    "CodeSystem/$validate-code": {
        "the code system is another": Attempt(
            f"CodeSystem/$validate-code?url={OTHER}&code=x", None
        ),
    },
    "ValueSet/$validate-code": {
        "the value set is another": Attempt(
            f"ValueSet/$validate-code?url={OTHER}&system={STATUS}&code=x", None
        ),
    },
    "ValueSet/$expand": {
        "the value set is another": Attempt(f"ValueSet/$expand?url={OTHER}", None),
    },
}
