"""Steps 1 to 3: the hospital's notice, the assessment, the level of care, a place or none.

What the services do by themselves in between is waited for, never helped along.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from services.cli.console import Failure
from services.cli.story import answers, cast, message
from services.cli.story.written import judgement
from services.synthetic.marks import IDENTIFIER_SYSTEM
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from datetime import datetime

    from services.cli.story.cast import Person
    from services.cli.story.player import Player
    from services.cli.story.teller import Teller
    from shared.fhir.reader import JsonObject

_STAY: Final = timedelta(days=11)
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
    judged = [judgement(person, at, code, value=value) for code, value in _JUDGED.items()]
    await player.together(judged, cast.THERAPIST)
    tell.say(f"{cast.name_of(cast.THERAPIST)} records what only a clinician can judge.")


async def level_of_care(player: Player, tell: Teller, person: Person) -> None:
    """The level of care is decided by published criteria, each with its evidence."""
    decided = await player.call(f"{person.reference}/$level-of-care", cast.THERAPIST)
    outcome, because = _told(decided, "outcome"), _told(decided, "because")
    criteria = len(_told(decided, "criterion"))
    if not outcome:
        raise Failure("The answer of $level-of-care names no outcome.")
    tell.say(f"The criteria say: {outcome[0]}, because of {' and '.join(because)}.", decided)
    tell.say(
        f"It names {criteria} criteria with their evidence; `check-decision` computes it anew."
    )


async def admission(player: Player, tell: Teller, person: Person) -> None:
    """A clinician admits the person."""
    path = f"EpisodeOfCare/{person.episode}"
    await player.call(f"{path}/$admit", cast.THERAPIST)
    tell.say(f"{cast.name_of(cast.THERAPIST)} admits {person.name}.", await player.get(path))


async def consent(player: Player, tell: Teller, person: Person) -> None:
    """Who is admitted without a consent to treatment is asked for it, and gives it."""
    await player.settle()
    code = f"{code_system('task')}|consent-to-treatment"
    [asked] = await player.search("Task", patient=person.reference, code=code)
    await player.put(cast.consent(person), person.reference)
    await player.settle()
    tell.say("A Task asks for consent to treatment; it is given, and the Task is done.", asked)


async def decline(player: Player, person: Person) -> None:
    """A clinician declines, and says where to instead."""
    await player.call(
        f"EpisodeOfCare/{person.episode}/$decline",
        cast.THERAPIST,
        reason={"valueString": "Lives too far away to come on several days"},
        alternative={"valueString": "Outpatient therapy near home"},
    )


def _told(guidance: JsonObject, name: str) -> list[str]:
    """Give the values of a parameter of a decision, or the codes of its parts."""
    held = (each for kept in guidance.get("contained", ()) for each in kept.get("parameter", ()))
    found = [each for each in held if each["name"] == name]
    return [_value(each) or _value(each["part"][0]) for each in found]


def _value(parameter: dict[str, Any]) -> str:
    return next((str(v) for name, v in parameter.items() if name.startswith("value")), "")


def _name(response: JsonObject) -> str:
    return str(response["questionnaire"]).rpartition("/")[2].upper()
