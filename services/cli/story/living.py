"""Step 5: the weeks of the programme, with sessions, measures and what calls for a look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.cli.story import answers, cast
from services.cli.story.written import attempt, visit
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from services.cli.story.cast import Person
    from services.cli.story.player import Player
    from services.cli.story.teller import Teller
    from shared.fhir.reader import JsonObject

PHQ_9_TOTAL: Final = "http://loinc.org|44261-6"
# From here on answers.phq_9 affirms the ninth item, which asks for the screener.
_LOW: Final = 15
_A_WHILE: Final = timedelta(minutes=10)


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
    await player.together([*map(visit, attended), *changed], cast.THERAPIST)
    return len(attended), len(due) - len(attended)


async def measures(
    player: Player, person: Person, at: datetime, scores: tuple[int, int]
) -> list[JsonObject]:
    """The person answers the weekly measures, and the screener where they are that low."""
    given = await answer(player, person, at, scores)
    if scores[0] >= _LOW:
        await player.post(answers.c_ssrs(person, at + _A_WHILE), person.reference)
    return given


async def answer(
    player: Player, person: Person, at: datetime, scores: tuple[int, int]
) -> list[JsonObject]:
    """The person answers both questionnaires."""
    given = [answers.phq_9(person, at, scores[0]), answers.gad_7(person, at, scores[1])]
    return [await player.post(each, person.reference) for each in given]


async def _warn(player: Player, tell: Teller, person: Person) -> None:
    """Early warnings are told, by level and without a made-up probability."""
    risks = await player.search("RiskAssessment", patient=person.reference)
    for risk in sorted(risks, key=lambda each: str(each["code"]["coding"][0]["code"])):
        [told] = risk["prediction"]
        level = told["qualitativeRisk"]["text"]
        tell.say(f"{told['outcome']['text']}, {level}: {told['rationale']}", risk)


async def review(player: Player, tell: Teller, person: Person) -> None:
    """A reliable worsening proposes a revision, which a clinician accepts."""
    await player.settle()
    proposal, asked = await _proposal(player, person, "reliable-worsening")
    cited = len(proposal["supportingInfo"])
    said = f"A reliable worsening: a revision is proposed, which cites {cited} observations."
    tell.say(said, proposal, asked)
    for change in _changes(proposal) or await _added(player, person):
        tell.say(f"  {change}")
    reason = {"valueString": "More support while it is hard."}
    path = f"CarePlan/{proposal['id']}/$accept-revision"
    revised = await player.call(path, cast.PSYCHIATRIST, reason=reason)
    tell.say(f"{cast.name_of(cast.PSYCHIATRIST)} accepts, and the plan is revised.", revised)
    person.plan = revised["id"]


async def missed(player: Player, tell: Teller, person: Person, at: datetime) -> None:
    """Who does not come is called, and called again, until they are reached."""
    await player.settle()
    await _warn(player, tell, person)
    await player.post(attempt(person, at, "left-message"), cast.THERAPIST)
    await player.settle()
    await player.post(attempt(person, at, "reached"), cast.THERAPIST)
    await player.settle()
    code = f"{code_system('task')}|outreach"
    asked = await player.search("Task", patient=person.reference, code=code)
    tell.say("A Task asks for a call; a message is left, so the next asks for another.", *asked)
    proposal, _ = await _proposal(player, person, "no-shows")
    tell.say("Two sessions missed within a week call for a look at the plan.", proposal)
    reason = {"valueString": "It was the flu; the plan is right."}
    await player.call(f"CarePlan/{proposal['id']}/$reject-revision", cast.THERAPIST, reason=reason)
    tell.say(f"{cast.name_of(cast.THERAPIST)} rejects the proposal, and says why.")


async def correct(
    player: Player, tell: Teller, person: Person, mistaken: JsonObject, total: int
) -> None:
    """Answers were somebody else's: what followed from them follows the correction."""
    await player.settle()
    proposal, asked = await _proposal(player, person, "reliable-worsening")
    tell.say("It looks like a worsening, and a revision is proposed.", proposal)
    at = datetime.fromisoformat(mistaken["authored"])
    amended = answers.phq_9(person, at, total) | {"id": mistaken["id"], "status": "amended"}
    await player.put(amended, person.reference)
    await player.settle()
    tell.say("But the answers were somebody else's. They are amended.", amended)
    now = await _total(player, mistaken)
    tell.say(f"The score has a new version, with {now['valueQuantity']['value']} points.", now)
    path = f"CarePlan/{proposal['id']}"
    statuses = [(await player.get(each))["status"] for each in (path, f"Task/{asked['id']}")]
    tell.say(f"So the proposal is {statuses[0]}, and its Task {statuses[1]}, by themselves.")


async def _proposal(player: Player, person: Person, reason: str) -> tuple[JsonObject, JsonObject]:
    """Find the proposal that waits for a decision for a reason, and the Task that asks for it."""
    code = f"{code_system('task')}|plan-review"
    tasks = await player.search("Task", patient=person.reference, code=code, status="requested")
    [asked] = [e for e in tasks if reason in str(e.get("reasonCode"))]
    return await player.get(asked["focus"]["reference"]), asked


async def _total(player: Player, response: JsonObject) -> JsonObject:
    """Find the total that a response came to."""
    of = f"QuestionnaireResponse/{response['id']}"
    [found] = await player.search("Observation", **{"derived-from": of, "code": PHQ_9_TOTAL})
    return found


async def _added(player: Player, person: Person) -> list[str]:
    """Name the orders that wait for the decision on a proposal."""
    drafts = await player.search("ServiceRequest", patient=person.reference, status="draft")
    return [f"added: {name}" for name in sorted(each["code"]["text"] for each in drafts)]


def _changes(proposal: JsonObject) -> list[str]:
    """Tell what a proposal adds, removes and changes."""
    told = []
    for extension in proposal.get("extension", ()):
        parts = {each["url"]: each for each in extension.get("extension", ())}
        if "kind" in parts:
            order = parts.get("after") or parts["before"]
            told.append(f"{parts['kind']['valueCode']}: {order['valueReference']['display']}")
    return told


def _start(appointment: JsonObject) -> str:
    return str(appointment["start"])


def _moment(appointment: JsonObject) -> datetime:
    return datetime.fromisoformat(appointment["start"])
