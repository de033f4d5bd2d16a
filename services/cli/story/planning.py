"""Step 4: the plan, made from a template for what the person prefers, and signed by the team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.cli.story import cast
from shared.care.canonical import code_system, profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.cli.story.cast import Person
    from services.cli.story.player import Player
    from services.cli.story.teller import Teller
    from shared.fhir.reader import JsonObject

_NOT_SATISFIED: Final = profile("not-satisfied")


async def plan(player: Player, tell: Teller, person: Person) -> None:
    """A plan is drafted from the template, the team signs, and a clinician activates it."""
    drafted = await player.call(
        f"PlanDefinition/{person.template}/$apply",
        cast.THERAPIST,
        subject={"valueString": person.reference},
        practitioner={"valueString": cast.THERAPIST},
        **person.wishes,
    )
    person.plan = drafted["id"]
    orders, aims = len(drafted["activity"]), len(drafted["goal"])
    tell.say(f"A plan is drafted from a template: {aims} goals, {orders} activities.", drafted)
    for told in _not_satisfied(drafted):
        tell.say(f"What it cannot meet, it says: {told}")
    await _sign(player, tell, person)
    await player.put(drafted | {"status": "active"}, cast.THERAPIST)

    await player.settle()
    booked = await player.search("Appointment", patient=person.reference, status="booked")
    groups = [each for each in booked if "identifier" in each]
    first = min(booked, key=lambda each: str(each["start"]))
    tell.say(f"It is active: {len(booked)} appointments follow, each for one person alone.", first)
    tell.say(f"{len(groups)} of them are sessions of a cohort, which meets as a group.")


async def hours(player: Player, tell: Teller, person: Person) -> None:
    """The hours of the plan are held against what each policy asks."""
    told = await player.get(f"CarePlan/{person.plan}/$hours")
    tell.say("Its hours, held against every policy about them:")
    for policy in (each["part"] for each in told["parameter"] if each["name"] == "policy"):
        said = {each["name"]: each for each in policy}
        name, result = said["name"]["valueString"], said["result"]["valueCode"]
        tell.say(f"  {name}: {_number(said['planned'])} a week, {result}")


async def ledger(player: Player, tell: Teller, person: Person, days: tuple[str, str]) -> None:
    """The hours that were delivered are counted, week by week."""
    first, last = days
    query = f"start={first}&end={last}&policy=iop-general"
    told = await player.get(f"CarePlan/{person.plan}/$hours?{query}")
    [policy] = (each["part"] for each in told["parameter"] if each["name"] == "policy")
    weeks = ({part["name"]: part for part in e["part"]} for e in policy if e["name"] == "week")
    delivered = [f"{week['deliveredMinutes']['valueInteger'] / 60:.1f}" for week in weeks]
    tell.say(f"The ledger counts the hours delivered by week: {', '.join(delivered)}.")


async def _sign(player: Player, tell: Teller, person: Person) -> None:
    code = f"{code_system('task')}|sign-off"
    asked = await player.search("Task", focus=f"CarePlan/{person.plan}", code=code)
    signers = sorted(str(each["owner"]["reference"]) for each in asked)
    for task in asked:
        await player.put(task | {"status": "completed"}, task["owner"]["reference"])
    tell.say(f"The team signs it: {' and '.join(map(cast.name_of, signers))}.", *asked[:1])


def _not_satisfied(plan: JsonObject) -> Iterator[str]:
    for extension in plan.get("extension", ()):
        if extension["url"] == _NOT_SATISFIED:
            yield from (e["valueString"] for e in extension["extension"] if e["url"] == "told")


def _number(parameter: JsonObject) -> str:
    return f"{float(str(parameter['valueDecimal'])):.1f} h"
