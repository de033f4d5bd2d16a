"""Reads from the record how a person's care went on, and which sessions they came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.no_show import reading
from services.progress_api.domain.no_show.history import End, History
from services.progress_api.episode_course import course_of
from shared.care import session
from shared.care.episode import is_programme
from shared.feed.deaths import died_at
from shared.store.finding import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.measures.course import Course
    from services.progress_api.domain.no_show.history import Session
    from shared.feed.one_person import OnePerson
    from shared.store.transaction import Transaction

_OUTPATIENT: Final = (("class", "AMB,VR"), ("status", "finished"))


async def course_of_person(person: OnePerson, tx: Transaction) -> Course | None:
    """Give the course of the latest episode in which the person was in care."""
    episodes = await find(tx, "EpisodeOfCare", person.criterion)
    ours = [each for each in episodes if is_programme(each.content)] or episodes
    courses = [await course_of(each.key, tx) for each in ours]
    begun = [(each.began.since, n, each) for n, each in enumerate(courses) if each.began]
    return max(begun)[2] if begun else None


async def history_of(person: OnePerson, course: Course, tx: Transaction) -> History:
    """Give all that is known of a person's coming, and of the attempts to reach them."""
    zone, whose = tx.zone, person.criterion
    appointments = [each.content for each in await find(tx, "Appointment", whose)]
    visits = await find(tx, "Encounter", whose, *_OUTPATIENT)
    came = {a for each in visits for a in session.appointments_of(each.content, tx.bases)}
    sessions = [reading.session_of(each, came, tx.bases, zone) for each in appointments]
    booked = [reading.booked_of(each, tx.bases, zone) for each in appointments]
    told = [each.content for each in await find(tx, "Communication", whose)]
    attempts = [reading.attempt_of(each, zone) for each in told]
    died = await died_at(person, tx)
    death = [End(died, "died")] if died else []
    return History(
        sessions=_held(sessions, course, death),
        attempts=tuple(sorted(each for each in attempts if each)),
        breaks=tuple(sorted([*reading.breaks(course), *death])),
        booked=tuple(sorted(each for each in booked if each)),
        zone=zone,
    )


def _held(
    sessions: Sequence[Session | None], course: Course, death: Sequence[End]
) -> tuple[Session, ...]:
    known = [each for each in sessions if each and all(each.start < end.at for end in death)]
    return tuple(sorted(each for each in known if reading.is_in_care(each.start, course)))
