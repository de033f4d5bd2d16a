"""Step 6: the handoff to the clinic, its referral's states, aftercare, and the figures."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from services.cli.story import cast
from services.cli.story.living import PHQ_9_TOTAL, answer
from services.cli.story.written import instant, visit
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from datetime import datetime

    from services.cli.story.cast import Person
    from services.cli.story.player import Player
    from services.cli.story.teller import Teller
    from shared.fhir.reader import JsonObject

# The PHQ-9 and GAD-7 totals in aftercare.
_AFTERWARDS: Final = (5, 4)
_FIGURES: Final = ("follow-up", "attendance", "hours", "outcome", "handoffs")


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
        tell.say(f"{cast.name_of(cast.CLINIC)}: {trigger}; the referral is {_state(task)}.")
    first = visit(
        {
            "participant": [{"actor": {"reference": person.reference}}],
            "start": instant(at),
            "end": instant(at + timedelta(minutes=50)),
        }
    )
    seen = await player.post(first | {"serviceProvider": {"reference": cast.CLINIC}}, cast.CLINIC)
    tell.say("The first visit happens.", seen)
    outcome = {"valueReference": {"reference": f"Encounter/{seen['id']}"}}
    closes = {"valueCode": "send-outcome"}
    task = await player.call(step, cast.CLINIC, trigger=closes, output=outcome)
    await player.settle()
    episode = await player.get(f"EpisodeOfCare/{person.episode}")
    tell.say(
        f"The referral is {_state(task)}: the episode of care is {episode['status']}.", episode
    )
    code = f"{code_system('clock')}|aftercare-7d"
    [clock] = await player.search("Task", patient=person.reference, code=code)
    tell.say(f"The clock for a visit within 7 days of the handoff is {clock['status']}.", clock)


async def aftercare_measures(player: Player, tell: Teller, person: Person) -> None:
    """Measures go on after the programme; the person answers those that are due."""
    await player.settle()
    code = f"{code_system('task')}|measure"
    due = await player.search("Task", patient=person.reference, code=code, status="requested")
    names = sorted(each["focus"]["reference"].partition("/")[2].upper() for each in due)
    tell.say(f"A month later Tasks ask for {', '.join(names)}.", *due[:1])
    [first, _] = await answer(player, person, await player.time(), _AFTERWARDS)
    await player.settle()
    scores = f"PHQ-9 {_AFTERWARDS[0]}, GAD-7 {_AFTERWARDS[1]}"
    tell.say(f"{person.name} answers from home: {scores}.", first)
    told = await player.get(f"{person.reference}/$progress?instrument=phq-9")
    [instrument] = (each["part"] for each in told["parameter"] if each["name"] == "instrument")
    [series, *_] = (each["part"] for each in instrument if each["name"] == "series")
    change = next(each["valueCode"] for each in series if each["name"] == "change")
    tell.say(f"The course since the beginning: {change}.")


async def figures(player: Player, tell: Teller, days: tuple[str, str]) -> None:
    """The programme's figures are told, each with the resources that it counts."""
    asked = "&".join(f"measure={each}" for each in _FIGURES)
    path = f"{cast.PROGRAMME}/$figures?start={days[0]}&end={days[1]}&{asked}"
    told = await player.get(path)
    tell.say("The figures of the programme, each with a List of what it counts:")
    for group in (each for entry in told["entry"] for each in entry["resource"]["group"]):
        counts = [str(each["count"]) for each in group["population"]]
        if counts[0] != "0":
            tell.say(f"  {group['code']['text']}: {_counted(group, counts)}")


async def course_of(player: Player, person: Person) -> list[tuple[str, int]]:
    """Give the totals of the PHQ-9 with their days, in their order."""
    found = await player.search("Observation", patient=person.reference, code=PHQ_9_TOTAL)
    scores = [(each["effectiveDateTime"], each["valueQuantity"]["value"]) for each in found]
    return [(day[5:10], int(float(str(value)))) for day, value in sorted(scores)]


def _state(task: JsonObject) -> str:
    return f"{task['status']} ({task['businessStatus']['text'].lower()})"


def _counted(group: dict[str, Any], counts: list[str]) -> str:
    score = group.get("measureScore", {})
    if score.get("unit"):
        return f"{float(str(score['value'])):.1f} {score['unit']}"
    return " of ".join(reversed(counts))
