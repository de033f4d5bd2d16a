"""Which Tasks ask a person for measures, and by which of their episodes they are asked.

Who was merged may be in the programme under two Patients, and is asked by one episode only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.aftercare_finding import is_wanted
from services.progress_api.domain.measures import choosing, task
from services.progress_api.episode_course import course_of
from services.progress_api.grounds import grounds_of
from shared.care.episode import is_programme
from shared.care.subject import patient_of
from shared.store.finding import find

if TYPE_CHECKING:
    from shared.feed.one_person import OnePerson
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_IN_PROGRAMME: Final = ("status", "active,onhold,finished")


async def asked_of(person: OnePerson, tx: Transaction) -> list[Found]:
    """Find the Tasks that have asked a person for measures."""
    code = f"{task.CODE['system']}|{task.CODE['code']}"
    return await find(tx, "Task", person.criterion, ("code", code))


async def programmes_of(person: OnePerson, tx: Transaction) -> list[Found]:
    """Find the episodes by which a person may be asked."""
    found = await find(tx, "EpisodeOfCare", person.criterion, _IN_PROGRAMME)
    return [each for each in found if is_programme(each.content)]


async def asks(episode_id: str, person: OnePerson, tx: Transaction) -> bool:
    """Tell whether an episode is the one that asks: of those of two Patients, the survivor's.

    One that the person is still in goes before one that was finished.
    """
    if len(person.ids) == 1:
        return True
    ranked = []
    for each in await programmes_of(person, tx):
        phase = (await course_of(each.key, tx)).phase
        whose = patient_of(each.content, "patient", tx.bases)
        if phase is not None:
            ranked.append((phase != "programme", whose != person.survivor, each.key.id))
    return not ranked or min(ranked)[-1] == episode_id


async def is_called_for(cause: task.Cause, person: OnePerson, tx: Transaction) -> bool:
    """Tell whether a plan or a condition still asks for a measure, where it takes one.

    After the programme, its own plan must not have been ended early.
    """
    if cause.phase == "aftercare" and not await is_wanted(cause.episode_id, person, tx):
        return False
    if not choosing.needs_ground(cause.questionnaire):
        return True
    known = await grounds_of(person, tx)
    return cause.questionnaire in choosing.questionnaires(known, cause.first)
