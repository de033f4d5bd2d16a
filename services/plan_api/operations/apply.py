"""`PlanDefinition/[id]/$apply` and `PlanDefinition/$apply`: a template becomes a draft plan.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import applied_plan
from services.plan_api.domain.application import Application, canonical_of
from services.plan_api.episodes import programme_episode
from services.plan_api.template_finding import newest, template_asked
from services.plan_api.writing import answer, seen, written
from shared.care.automatic import derived_id
from shared.care.programme_plan import is_in_force, is_of_the_same, is_ours
from shared.fhir.errors import Conflict, NotFound, RuleViolation
from shared.fhir.references import parse_reference
from shared.server.actors import clinician
from shared.server.definition import Operation, Parameter
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.plan_api.domain.applied_plan import Template
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.server.engine import Engine
    from shared.server.request import FhirResponse
    from shared.store.finding import Found
    from shared.store.reading import Reading

_RUNNING: Final = "planned,active"
_LIVE: Final = "active,recurrence,relapse"
# What a plan has that was not only prepared.
_FILLED: Final = frozenset({"instantiatesCanonical", "activity", "goal"})


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What the record says, as far as the template and the person go."""

    who: str
    template: Template
    people: dict[str, str | None]
    episode: Found
    plans: Sequence[Found]
    conditions: Sequence[Found]


async def apply(engine: Engine, call: Call) -> FhirResponse:
    """Fill the draft that stands for a person, or write one; asked again, it changes nothing.

    :raises NotFound: when there is no such PlanDefinition or person.
    :raises Conflict: when the person is in no episode of the programme, or has a plan in force.
    :raises RuleViolation: when what is named is of another type, or an Encounter of another person.
    """
    async with engine.reading(call.context) as reading:
        gathered = await _gather(reading, call)
    _refuse_second_plan(gathered.plans)
    canonical = canonical_of(gathered.template.definition)
    drafts = [each for each in gathered.plans if each.content.get("status") == "draft"]
    applied = [each for each in drafts if canonical in _templates(each)]
    if applied:
        return answer(newest(applied))
    # The draft that was prepared when an inpatient stay ended is filled, where there is one; what
    # a clinician has begun by hand stays theirs.
    empty = [each for each in drafts if _FILLED.isdisjoint(each.content)]
    prepared = newest(empty) if empty else None
    plan_id = prepared.key.id if prepared else _new_id(gathered, canonical)
    bundle = applied_plan.bundle(
        gathered.template,
        _application(gathered, plan_id, call),
        conditions=[each.content for each in gathered.conditions],
        prepared=seen(prepared) if prepared else None,
    )
    return await written(call, bundle, Key("CarePlan", plan_id))


async def _gather(reading: Reading, call: Call) -> _Gathered:
    who = await clinician(reading, call.context)
    template = await template_asked(reading, call)
    patient = await _named(reading, "subject", "Patient", call)
    people = {
        name.lower(): await _named(reading, name.lower(), name, call)
        for name in ("Practitioner", "Organization", "Encounter")
    }
    episode = await programme_episode(reading, str(patient), _RUNNING)
    if episode is None:
        raise Conflict(
            "The person is in no planned or active EpisodeOfCare of the programme; "
            "admit them before a plan is made."
        )
    of_them = ("patient", str(patient))
    plans = await find(reading, "CarePlan", of_them, ("intent", "plan"))
    conditions = await find(reading, "Condition", of_them, ("clinical-status", _LIVE))
    return _Gathered(
        who,
        template,
        people | {"subject": patient},
        episode,
        [each for each in plans if is_ours(each.content)],
        conditions,
    )


async def _named(reading: Reading, name: str, resource_type: str, call: Call) -> str | None:
    text = call.inputs.one(name)
    if text is None:
        return None
    link = parse_reference(text, call.context.bases)
    if link.kind != "local" or link.type != resource_type:
        raise RuleViolation(
            f"{name} must refer to a {resource_type} of this record, such as {resource_type}/7.",
            expression="Parameters.parameter",
        )
    key = Key(resource_type, str(link.id))
    found = await fetch(reading, key)
    if found is None:
        raise NotFound(f"There is no {key} here.")
    if resource_type == "Encounter" and not _is_theirs(found.content, call):
        raise RuleViolation(
            f"{key} is not of the person for whom the plan is made.",
            expression="Parameters.parameter",
        )
    return str(key)


def _is_theirs(encounter: JsonObject, call: Call) -> bool:
    person = {"subject": {"reference": call.inputs.one("subject")}}
    return is_of_the_same(person, encounter, call.context.bases)


def _refuse_second_plan(plans: Sequence[Found]) -> None:
    in_force = next((each for each in plans if is_in_force(each.content)), None)
    if in_force is not None:
        raise Conflict(
            f"{in_force.reference} is active already; revise it, or end it before another is made."
        )


def _application(gathered: _Gathered, plan_id: str, call: Call) -> Application:
    people = gathered.people
    return Application(
        plan_id=plan_id,
        patient=str(people["subject"]),
        episode=gathered.episode.reference,
        asked_by=gathered.who,
        practitioner=people["practitioner"],
        organization=people["organization"],
        encounter=people["encounter"],
        start=call.context.now.astimezone(call.context.zone).date(),
        recorded=instant(call.context.now),
    )


def _new_id(gathered: _Gathered, canonical: str) -> str:
    # After a plan of this template that has ended, another one may be made.
    ended = sum(canonical in _templates(each) for each in gathered.plans)
    return derived_id(gathered.episode.reference, f"plan/{canonical}/{ended}")


def _templates(plan: Found) -> list[str]:
    return list(plan.content.get("instantiatesCanonical", ()))


APPLY: Final = Operation(
    code="apply",
    level="instance",
    types=("PlanDefinition",),
    handle=apply,
    opens="nothing",
    affects_state=True,
    description=(
        "Make a draft CarePlan of a template for a person in the programme: Goals, a CareTeam and "
        "weekly activities, for a clinician to adapt and make active. Asked again, it answers the "
        "draft that stands."
    ),
    parameters=(
        Parameter("planDefinition", "in", "canonical", "The template, if not by the address."),
        Parameter("subject", "in", "string", "The person: Patient/[id].", min=1),
        Parameter("encounter", "in", "string", "The Encounter in which it is asked."),
        Parameter("practitioner", "in", "string", "The clinician who will be responsible."),
        Parameter("organization", "in", "string", "The organisation that provides the care."),
        Parameter("return", "out", "CarePlan", "The draft plan.", min=1),
    ),
)
APPLY_BY_CANONICAL: Final = replace(APPLY, level="type")
