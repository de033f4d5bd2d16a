"""The six steps of a person's way, each as the requests that clients send.

What the services do by themselves in between is waited for, never helped along.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.cli.console import Failure
from services.cli.story import answers, cast, message
from services.synthetic.marks import IDENTIFIER_SYSTEM, META
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from services.cli.story.cast import Person
    from services.cli.story.player import Player
    from services.cli.story.teller import Teller
    from shared.fhir.reader import JsonObject

_STAY: Final = timedelta(days=11)
_PHQ_9_TOTAL: Final = "http://loinc.org|44261-6"
_CRITERIA: Final = "level-of-care-criterion"
# What the clinician judges; the rest follows from the stay, the scores and the screening.
_JUDGED: Final = {
    "EXC-IMMINENT": False,
    "EXC-DETOX": False,
    "EXC-24H": False,
    "CAP-VERBAL": True,
    "CAP-MOTIV-PART": True,
    "CAP-MOTIV-RECOV": True,
    "CAP-GROUP": True,
    "CAP-LEARN": True,
    "ENV-HOME": True,
    "ENV-SUPPORT": True,
}


async def notice(player: Player, tell: Teller, person: Person, at: datetime) -> None:
    """The hospital tells of the discharge; the programme's referral and clocks open."""
    await player.send("$process-message", message.discharge(person, at, _STAY), cast.HOSPITAL)
    key = person.resource["identifier"][0]["value"]
    [patient] = await player.search("Patient", identifier=f"{IDENTIFIER_SYSTEM}|{key}")
    person.id = patient["id"]
    [episode] = await player.search("EpisodeOfCare", patient=person.reference)
    person.episode = episode["id"]
    [referral] = await player.search("ServiceRequest", patient=person.reference)
    tell.say(f"The hospital's notice is kept, and {person.name} is a Patient.", patient)
    tell.say("A referral and a planned episode of care are open.", referral, episode)
    clocks = await player.search("Task", patient=person.reference, code=f"{code_system('clock')}|")
    tell.say("Two clocks run: a visit within 7 days, and within 30.", *clocks)


async def assessment(
    player: Player, tell: Teller, person: Person, at: datetime, scores: tuple[int, int]
) -> None:
    """The person answers the questionnaires, and the clinician judges the rest."""
    phq_9, gad_7 = scores
    given = [
        answers.phq_9(person, at, phq_9),
        answers.gad_7(person, at, gad_7),
        answers.c_ssrs(person, at + timedelta(minutes=10)),
    ]
    for response in given:
        kept = await player.post(response, person.reference)
        await player.call(f"QuestionnaireResponse/{kept['id']}/$extract", person.reference)
        tell.say(f"{_name(response)} is answered and scored.", kept)
    judged = [_judgement(person, at, code, value=value) for code, value in _JUDGED.items()]
    await player.together(judged, cast.THERAPIST)
    tell.say(f"{cast.name_of(cast.THERAPIST)} records what only a clinician can judge.")


async def level_of_care(player: Player, tell: Teller, person: Person) -> str:
    """The level of care is decided by published criteria; gives the outcome."""
    decided = await player.call(f"{person.reference}/$level-of-care", cast.THERAPIST)
    outcome = _outcome(decided)
    tell.say(f"The criteria say: {outcome}.", decided)
    return outcome


async def admission(player: Player, tell: Teller, person: Person) -> None:
    """The person consents to treatment, and a clinician admits them."""
    kept = await player.put(cast.consent(person), person.reference)
    tell.say(f"{person.name} consents to treatment.", kept)
    path = f"EpisodeOfCare/{person.episode}"
    await player.call(f"{path}/$admit", cast.THERAPIST)
    tell.say(f"{cast.name_of(cast.THERAPIST)} admits {person.name}.", await player.get(path))


async def decline(player: Player, person: Person) -> None:
    """A clinician declines, and says where to instead."""
    await player.call(
        f"EpisodeOfCare/{person.episode}/$decline",
        cast.THERAPIST,
        reason={"valueString": "Lives too far away to come on several days"},
        alternative={"valueString": "Outpatient therapy near home"},
    )


async def plan(player: Player, tell: Teller, person: Person) -> None:
    """A plan is drafted from the template, and a clinician activates it."""
    drafted = await player.call(
        "PlanDefinition/iop-adult/$apply",
        cast.THERAPIST,
        subject={"valueString": person.reference},
        practitioner={"valueString": cast.THERAPIST},
    )
    person.plan = drafted["id"]
    tell.say("A plan is drafted: goals, a team, therapies for each week.", drafted)
    code = f"{code_system('task')}|sign-off"
    [task] = await player.search("Task", focus=f"CarePlan/{person.plan}", code=code)
    await player.put(task | {"status": "completed"}, cast.THERAPIST)
    tell.say(f"{cast.name_of(cast.THERAPIST)} signs it, as the team.", task)
    await player.put(drafted | {"status": "active"}, cast.THERAPIST)

    await player.settle()
    booked = await player.search("Appointment", patient=person.reference, status="booked")
    tell.say(f"It is active, and {len(booked)} appointments follow.", min(booked, key=_start))


async def sessions(
    player: Player,
    person: Person,
    week: tuple[datetime, datetime],
    *,
    missed: int = 0,
    most: int = 1000,
) -> tuple[int, int]:
    """The person comes to the sessions of a week, or misses the last ones of it.

    Gives how many were attended and missed.
    """
    booked = await player.search("Appointment", patient=person.reference, status="booked")
    due = sorted((each for each in booked if week[0] <= _moment(each) < week[1]), key=_start)[:most]
    attended = due[: len(due) - missed]
    changed = [each | {"status": "fulfilled"} for each in attended]
    changed += [each | {"status": "noshow"} for each in due[len(attended) :]]
    await player.together([*map(_visit, attended), *changed], cast.THERAPIST)
    return len(attended), len(due) - len(attended)


async def measures(
    player: Player, person: Person, at: datetime, scores: tuple[int, int]
) -> list[JsonObject]:
    """The person answers the weekly measures."""
    given = [answers.phq_9(person, at, scores[0]), answers.gad_7(person, at, scores[1])]
    return [await player.post(each, person.reference) for each in given]


async def review(player: Player, tell: Teller, person: Person) -> None:
    """A reliable worsening proposes a revision, which a clinician accepts."""
    await player.settle()
    plans = await player.search("CarePlan", patient=person.reference, intent="proposal")
    [proposal] = [each for each in plans if each["status"] == "draft"]
    cited = [each["reference"] for each in proposal["supportingInfo"]]
    tell.say(f"A reliable worsening: a revision is proposed, citing {len(cited)} observations.")
    tell.say("It is not made by a clinician, so one decides.", proposal)
    await player.call(f"CarePlan/{proposal['id']}/$accept-revision", cast.PSYCHIATRIST)
    revised = await player.get(f"CarePlan/{person.plan}")
    tell.say(f"{cast.name_of(cast.PSYCHIATRIST)} accepts, and the plan is revised.", revised)


async def handoff(player: Player, tell: Teller, person: Person) -> JsonObject:
    """The programme hands the person over; gives the Task of it."""
    path = f"EpisodeOfCare/{person.episode}/$handoff"
    recipient = {"valueReference": {"reference": cast.CLINIC}}
    await player.call(path, cast.THERAPIST, recipient=recipient)
    code = f"{code_system('task')}|handoff"
    [task] = await player.search("Task", patient=person.reference, code=code)
    [document] = await player.search("DocumentReference", patient=person.reference)
    tell.say(f"The packet is written for {cast.name_of(cast.CLINIC)}.", document, task)
    return task


async def aftercare(
    player: Player, tell: Teller, person: Person, task: JsonObject, at: datetime
) -> None:
    """The clinic accepts, schedules, sees the person, and closes the handoff."""
    step = f"Task/{task['id']}/$transition"
    for trigger in ("accept", "schedule"):
        task = await player.call(step, cast.CLINIC, trigger={"valueCode": trigger})
    tell.say(f"{cast.name_of(cast.CLINIC)} accepts and schedules.", task)
    visit = _visit(
        {
            "participant": [{"actor": {"reference": person.reference}}],
            "start": _instant(at),
            "end": _instant(at + timedelta(minutes=50)),
        }
    )
    seen = await player.post(visit | {"serviceProvider": {"reference": cast.CLINIC}}, cast.CLINIC)
    tell.say("The first visit happens.", seen)
    outcome = {"valueReference": {"reference": f"Encounter/{seen['id']}"}}
    closes = {"valueCode": "send-outcome"}
    await player.call(step, cast.CLINIC, trigger=closes, output=outcome)
    await player.settle()
    episode = await player.get(f"EpisodeOfCare/{person.episode}")
    tell.say(f"The handoff is closed, and the episode of care is {episode['status']}.", episode)


async def course_of(player: Player, person: Person) -> list[tuple[str, int]]:
    """Give the totals of the PHQ-9 with their days, in their order."""
    found = await player.search("Observation", patient=person.reference, code=_PHQ_9_TOTAL)
    scores = [(each["effectiveDateTime"], each["valueQuantity"]["value"]) for each in found]
    return [(day[5:10], int(float(str(value)))) for day, value in sorted(scores)]


def _judgement(person: Person, at: datetime, code: str, *, value: bool) -> JsonObject:
    return {
        "resourceType": "Observation",
        "meta": META,
        "status": "final",
        "code": {"coding": [{"system": code_system(_CRITERIA), "code": code}], "text": code},
        "subject": {"reference": person.reference},
        "effectiveDateTime": _instant(at),
        "performer": [{"reference": cast.THERAPIST}],
        "valueBoolean": value,
    }


def _visit(appointment: JsonObject) -> JsonObject:
    """Write the Encounter of a session that took place as it was booked."""
    actors = (each["actor"]["reference"] for each in appointment["participant"] if "actor" in each)
    patient = next(each for each in actors if each.startswith("Patient/"))
    visit: JsonObject = {
        "resourceType": "Encounter",
        "meta": META,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": patient},
        "period": {"start": appointment["start"], "end": appointment["end"]},
        "serviceProvider": {"reference": cast.PROGRAMME},
    }
    if "id" in appointment:
        visit["appointment"] = [{"reference": f"Appointment/{appointment['id']}"}]
    if "basedOn" in appointment:
        visit["basedOn"] = appointment["basedOn"]
    return visit


def _outcome(guidance: JsonObject) -> str:
    for held in guidance.get("contained", ()):
        for parameter in held.get("parameter", ()):
            if parameter["name"] == "outcome":
                return next(str(v) for name, v in parameter.items() if name.startswith("value"))
    raise Failure("The answer of $level-of-care names no outcome.")


def _name(response: JsonObject) -> str:
    return str(response["questionnaire"]).rpartition("/")[2].upper()


def _start(appointment: JsonObject) -> str:
    return str(appointment["start"])


def _moment(appointment: JsonObject) -> datetime:
    return datetime.fromisoformat(appointment["start"])


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
