"""Lets a person join or leave a cohort of their programme, in which their sessions are booked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.cohorts import cohort_named, cohort_of, open_cohort
from services.plan_api.domain import cohort
from services.plan_api.episodes import PROGRAMME, programme_episode, programme_of
from shared.care.appointment import HOLDING, cohorts_of
from shared.care.automatic import Act, provenance
from shared.care.programme_plan import is_in_force
from shared.feed.one_person import one_person
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.version import Version

_IN_CARE: Final = "active,onhold"


async def join(plan: Found, patient: str, effects: Effects) -> None:
    """Join the first cohort with room, unless the person is in one, or rather waits."""
    person = await _person(patient, effects)
    episode = await programme_episode(effects.tx, person, _IN_CARE)
    if episode is None:
        return
    programme = programme_of(episode)
    _, own = await cohort_of(effects.tx, programme, person)
    if cohort.is_member(own, person.names):
        return
    # Who comes back, meets those with whom their sessions are booked.
    found = await _booked_in(plan, programme, effects)
    if found is None:
        waits = cohort.waits(plan.content)
        found = await open_cohort(effects.tx, programme, first_only=waits)
    if found is None:
        return
    chosen, version = found
    day = effects.now.astimezone(effects.tx.zone).date().isoformat()
    group = cohort.joined(content_of(version), chosen, patient, day)
    if group is not None:
        await _write(Key("Group", chosen.id), version, group, plan.versioned, effects)


async def _booked_in(
    plan: Found, programme: str, effects: Effects
) -> tuple[cohort.Cohort, Version | None] | None:
    """Find the cohort with room in which the sessions of a plan are booked already."""
    about = ("supporting-info", plan.reference), ("status", ",".join(HOLDING))
    booked = await find(effects.tx, "Appointment", *about)
    names = {name for each in booked for name in cohorts_of(each.content)}
    return await cohort_named(effects.tx, programme, names) if names else None


async def leave(patient: str, source: str, effects: Effects) -> None:
    """Leave every cohort, unless another plan is in force."""
    person = await _person(patient, effects)
    plans = await find(effects.tx, "CarePlan", person.criterion, ("status", "active"))
    if any(is_in_force(each.content) for each in plans):
        return
    await leave_all_but(None, person, source, effects)


async def leave_all_but(
    programme: str | None, person: OnePerson, source: str, effects: Effects
) -> None:
    """Leave every cohort, but for those of a programme."""
    asked = ("member", person.references), ("code", PROGRAMME)
    for each in await find(effects.tx, "Group", *asked):
        group = cohort.left(each.content, person.names)
        if group is not None and cohort.programme_of(each.content) != programme:
            await _write(each.key, each.version, group, source, effects)


async def _person(patient: str, effects: Effects) -> OnePerson:
    return await one_person(effects.tx, patient.partition("/")[2])


async def _write(
    key: Key, before: Version | None, group: JsonObject, source: str, effects: Effects
) -> None:
    act = Act([str(key)], [source], instant(effects.now), "UPDATE" if before else "CREATE")
    said = Key("Provenance", effects.id_for(f"cohort/{key.id}"))
    changes = [
        Change(key, "PUT", before, group, effects.now),
        Change(said, "PUT", None, provenance(cohort.POLICY, act), effects.now),
    ]
    await save(effects.tx, changes)
