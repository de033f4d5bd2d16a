"""`PlanDefinition/[id]/$apply` and `PlanDefinition/$apply`: a template becomes a draft plan.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import applied_plan
from services.plan_api.domain.application import Application, canonical_of
from services.plan_api.domain.applied_plan import Prepared
from services.plan_api.domain.own_plan import kind_made
from services.plan_api.domain.preferences import is_made_for, preferred
from services.plan_api.episodes import programme_episode
from services.plan_api.operations.apply_inputs import WISHES, people_named, stated_wishes
from services.plan_api.operations.apply_own import OWN, apply_own, refuse_parts
from services.plan_api.person_finding import known_of, names_of
from services.plan_api.plan_finding import named_by
from services.plan_api.template_finding import newest, template_asked
from services.plan_api.writing import answer, seen, written
from shared.care.automatic import derived_id
from shared.care.programme_plan import is_in_force, is_ours
from shared.care.subject import patient_of
from shared.feed.one_person import person_in
from shared.fhir.errors import Conflict
from shared.server.actors import clinician
from shared.server.definition import Operation, Parameter
from shared.store.finding import find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.plan_api.domain.activities import Template
    from services.plan_api.domain.needs import Known
    from services.plan_api.domain.preferences import Preferences, Wishes
    from services.plan_api.operations.apply_inputs import People
    from services.plan_api.plan_finding import Named
    from shared.server.call import Call
    from shared.server.engine import Engine
    from shared.server.request import FhirResponse
    from shared.store.finding import Found
    from shared.store.reading import Reading

_RUNNING: Final = "planned,active"
_GOING_ON: Final = frozenset({"proposed", "active"})
# What a plan has that was not only prepared.
_FILLED: Final = frozenset({"instantiatesCanonical", "activity", "goal"})


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What the record says, as far as the template and the person go."""

    who: str
    template: Template
    people: People
    episode: Found
    plans: Sequence[Found]
    known: Known
    stated: Wishes
    preferences: Preferences


async def apply(engine: Engine, call: Call) -> FhirResponse:
    """Make a plan of the template that is asked for: of a programme, or of a person's own.

    :raises NotFound: when there is no such PlanDefinition.
    """
    async with engine.reading(call.context) as reading:
        await clinician(reading, call.context)
        template = await template_asked(reading, call)
    if kind_made(template.definition):
        return await apply_own(engine, call, template)
    refuse_parts(call)
    return await _apply_programme(engine, call, template)


async def _apply_programme(engine: Engine, call: Call, template: Template) -> FhirResponse:
    """Fill the draft that stands for a person, or write one; asked again, it changes nothing.

    :raises NotFound: when there is no such person.
    :raises Conflict: when the person is in no episode of the programme, or has a plan in force.
    :raises RuleViolation: when what is named is of another type, or an Encounter of another person.
    """
    async with engine.reading(call.context) as reading:
        gathered = await _gather(reading, call, template)
    _refuse_second_plan(gathered.plans)
    canonical = canonical_of(gathered.template.definition)
    drafts = _drafts(gathered, call.context.bases)
    applied = [each for each in drafts if canonical in _templates(each)]
    if applied:
        return answer(_made_for(newest(applied), gathered.stated))
    # The draft that was prepared when an inpatient stay ended is filled, where there is one; what
    # a clinician has begun by hand stays theirs.
    empty = [each for each in drafts if _FILLED.isdisjoint(each.content)]
    found = newest(empty) if empty else None
    plan_id = found.key.id if found else _new_id(gathered, canonical)
    async with engine.reading(call.context) as reading:
        named = await named_by(reading, found, call.context.bases) if found else None
    if named is not None:
        names = {**named.known.names, **gathered.known.names}
        gathered = replace(gathered, known=replace(gathered.known, names=names))
    bundle = applied_plan.bundle(
        gathered.template,
        _application(gathered, plan_id, call),
        known=gathered.known,
        prepared=_prepared(named) if named else None,
    )
    return await written(call, bundle, Key("CarePlan", plan_id))


def _prepared(named: Named) -> Prepared:
    team = next((e for e in named.teams if e.content.get("status") in _GOING_ON), None)
    return Prepared(seen(named.plan), seen(team) if team else None)


async def _gather(reading: Reading, call: Call, template: Template) -> _Gathered:
    who = await clinician(reading, call.context)
    stated = stated_wishes(call)
    people = await people_named(reading, call)
    patient = str(people.subject)
    person = await person_in(reading, patient.partition("/")[2], call.context.bases)
    episode = await programme_episode(reading, person, _RUNNING)
    if episode is None:
        raise Conflict(
            "The person is in no planned or active EpisodeOfCare of the programme; "
            "admit them before a plan is made."
        )
    plans = await find(reading, "CarePlan", person.criterion, ("intent", "plan"))
    ours = [each for each in plans if is_ours(each.content)]
    names = await names_of(reading, (who, *people.team), call.context.bases)
    known, kept = await known_of(reading, patient, people.speaking, names)
    return _Gathered(who, template, people, episode, ours, known, stated, preferred(stated, kept))


def _refuse_second_plan(plans: Sequence[Found]) -> None:
    in_force = next((each for each in plans if is_in_force(each.content)), None)
    if in_force is not None:
        raise Conflict(
            f"{in_force.reference} is active already; revise it, or end it before another is made."
        )


def _drafts(gathered: _Gathered, bases: tuple[str, ...]) -> list[Found]:
    """Choose the drafts that are about the Patient who is asked about."""
    drafts = (each for each in gathered.plans if each.content.get("status") == "draft")
    subject = gathered.people.subject
    return [e for e in drafts if f"Patient/{patient_of(e.content, 'subject', bases)}" == subject]


def _made_for(draft: Found, stated: Wishes) -> Found:
    if not is_made_for(draft.content, stated):
        raise Conflict(
            f"{draft.reference} is a draft made for other preferences; "
            "revoke it before another is made."
        )
    return draft


def _application(gathered: _Gathered, plan_id: str, call: Call) -> Application:
    people = gathered.people
    return Application(
        plan_id=plan_id,
        patient=str(people.subject),
        episode=gathered.episode.reference,
        asked_by=gathered.who,
        practitioner=people.practitioner,
        organization=people.organization,
        encounter=people.encounter,
        peer_specialist=people.peer_specialist,
        members=people.members,
        preferences=gathered.preferences,
        start=call.context.now.astimezone(call.context.zone).date(),
        zone=call.context.zone,
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
        Parameter("peer-specialist", "in", "string", "The Practitioner who gives peer support."),
        Parameter(
            "member",
            "in",
            "string",
            "More of the team: Practitioner, PractitionerRole, RelatedPerson or Organization.",
            max=None,
        ),
        *WISHES,
        *OWN,
        Parameter("return", "out", "CarePlan", "The draft plan.", min=1),
    ),
)
APPLY_BY_CANONICAL: Final = replace(APPLY, level="type")
