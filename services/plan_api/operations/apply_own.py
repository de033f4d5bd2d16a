"""`$apply` of the template of a plan of a person's own: its draft, with all that was said.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from services.plan_api.domain import own_plan
from services.plan_api.domain.narrative import words_of
from services.plan_api.domain.own_plan import OwnPlan, Trigger
from services.plan_api.episodes import programme_episode
from services.plan_api.operations.apply_inputs import named_here
from services.plan_api.templates.catalogue import CODES
from services.plan_api.writing import answer, written
from shared.care.law import CareChange
from shared.care.own_plans import KINDS, every_trigger_has_an_action, kind_of
from shared.feed.one_person import person_in
from shared.fhir.errors import Conflict, RuleViolation
from shared.server.actors import clinician
from shared.server.definition import Parameter
from shared.store.finding import fetch, find, required
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from services.plan_api.domain.activities import Template
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.server.engine import Engine
    from shared.server.request import FhirResponse
    from shared.store.finding import Found
    from shared.store.reading import Reading

_IN_CARE: Final = "planned,waitlist,active,onhold"
_PARTS: Final[dict[str, str]] = CODES["systems"]["plan-part"]["concepts"]
_WHERE: Final = "Parameters.parameter"
_OWNERS: Final = ("Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Organization")


async def apply_own(engine: Engine, call: Call, template: Template) -> FhirResponse:
    """Write the draft of a plan of a person's own; asked again in the same words, answer it.

    :raises Conflict: when another draft stands, or the person is in no episode of the programme.
    :raises RuleViolation: when the plan has no trigger, or takes none.
    """
    async with engine.reading(call.context) as reading:
        own = await _own(reading, call)
        plan = own_plan.draft(template.definition, own)
        _refuse_triggers(plan, call)
        key = Key("CarePlan", str(plan["id"]))
        standing = await fetch(reading, key)
        if standing is None:
            await _refuse_second_draft(reading, plan)
    if standing is not None:
        return answer(standing)
    return await written(call, own_plan.bundle(plan, own, template.versioned), key)


def refuse_parts(call: Call) -> None:
    """Refuse what only a plan of a person's own can say.

    :raises RuleViolation: when a trigger, a part or a review is given.
    """
    for each in OWN:
        if call.inputs.many(each.name):
            told = f"Only a plan of a person's own takes {each.name}; this is a programme."
            raise RuleViolation(told, expression=_WHERE)


async def _own(reading: Reading, call: Call) -> OwnPlan:
    patient = await named_here(reading, "subject", ("Patient",), call.inputs.one("subject"), call)
    person = await person_in(reading, patient.partition("/")[2], call.context.bases)
    episode = await programme_episode(reading, person, _IN_CARE)
    if episode is None:
        raise Conflict("The person is in no EpisodeOfCare of the programme.")
    review = call.inputs.one("review")
    return OwnPlan(
        patient=patient,
        episode=episode.reference,
        asked_by=await clinician(reading, call.context),
        triggers=[await _trigger(reading, each, call) for each in call.inputs.many("trigger")],
        words=_words(call),
        review=_day(review) if review else None,
        today=call.context.now.astimezone(call.context.zone).date(),
        zone=call.context.zone,
        recorded=instant(call.context.now),
    )


async def _trigger(reading: Reading, given: dict[str, list[Any]], call: Call) -> Trigger:
    [what], [owner] = given["what"], given["owner"]
    kinds = ("Condition", "Observation")
    named = await named_here(reading, "what", kinds, str(what.get("reference", "")), call)
    who = await named_here(reading, "owner", _OWNERS, str(owner.get("reference", "")), call)
    kind, _, logical_id = named.partition("/")
    found = await required(reading, Key(kind, logical_id))
    told = what.get("display") or words_of(found.content.get("code", {})) or named
    return Trigger(named, str(told), tuple(given["action"]), who)


def _words(call: Call) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for each in call.inputs.many("part"):
        [code] = each["code"]
        if code not in _PARTS:
            told = f"The code of a part must be one of {', '.join(_PARTS)}."
            raise RuleViolation(told, expression=_WHERE)
        words.setdefault(code, []).extend(each["words"])
    return words


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RuleViolation("review must be a whole date.", expression=_WHERE) from error


def _refuse_triggers(plan: JsonObject, call: Call) -> None:
    takes_triggers = "triggers_need" in KINDS[str(kind_of(plan))]
    if not takes_triggers and call.inputs.many("trigger"):
        raise RuleViolation(f"A {plan['title'].lower()} has no triggers.", expression=_WHERE)
    now, bases = call.context.now, call.context.bases
    in_force = CareChange(None, plan | {"status": "active"}, now, bases=bases)
    issues = tuple(every_trigger_has_an_action(in_force, ()))
    if issues:
        raise RuleViolation(issues=issues)


async def _refuse_second_draft(reading: Reading, plan: JsonObject) -> None:
    asked = ("patient", plan["subject"]["reference"]), ("status", "draft")
    found: list[Found] = await find(reading, "CarePlan", *asked)
    other = next((each for each in found if kind_of(each.content) == kind_of(plan)), None)
    if other is not None:
        told = f"{other.reference} is such a draft already; finish it, or revoke it before."
        raise Conflict(told)


OWN: Final = (
    Parameter(
        "trigger",
        "in",
        "",
        "What can lead to a relapse, with what is done about it.",
        max=None,
        parts=(
            Parameter("what", "in", "Reference", "A Condition or Observation.", min=1),
            Parameter("action", "in", "string", "What is done about it.", min=1, max=None),
            Parameter("owner", "in", "Reference", "Who does it.", min=1),
        ),
    ),
    Parameter(
        "part",
        "in",
        "",
        "What the person says of a part of a plan of their own.",
        max=None,
        parts=(
            Parameter("code", "in", "code", "Which part, such as warning-sign.", min=1),
            Parameter("words", "in", "string", "The person's own words.", min=1, max=None),
        ),
    ),
    Parameter("review", "in", "date", "When a plan of their own is next looked at."),
)
