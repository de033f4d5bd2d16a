"""Reads from the record which sessions a person came to and which they missed, by local weeks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.attendance.observations import Visit
from services.progress_api.domain.attendance.policy import LONGEST_VISIT
from services.progress_api.domain.attendance.week import Week, weeks_of
from shared.care import session
from shared.fhir.dates import moment
from shared.server.interactions.update import content_of
from shared.store.finding import find
from shared.store.version import instant

if TYPE_CHECKING:
    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

Criteria = tuple[tuple[str, str], ...]
_ATTENDED: Final = (("class", "AMB,VR"), ("status", "finished"))
_TELLING: Final = ",".join(sorted(session.TELLING))


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one person, each with the weeks that it touches."""

    attended: tuple[tuple[Found, Visit, frozenset[Week]], ...] = ()
    missed: tuple[tuple[Found, Week], ...] = ()

    def came(self, week: Week) -> list[tuple[Found, Visit]]:
        """List the visits of a week."""
        return [(each, visit) for each, visit, weeks in self.attended if week in weeks]

    def did_not_come(self, week: Week) -> list[Found]:
        """List the Appointments of a week that were missed."""
        return [each for each, at in self.missed if at == week]


async def weeks_touched(told: JsonObject, tx: Transaction) -> set[Week]:
    """Name the weeks that an Encounter or an Appointment touches."""
    if told["resourceType"] == "Encounter":
        spans = session.attended(told, await _appointments([told], tx), _counting(tx))
    else:
        spans = _time_of(told, tx) if session.tells_attendance(told) else []
    return weeks_of(spans, tx.zone)


async def weeks_of_person(whose: tuple[str, str], tx: Transaction) -> set[Week]:
    """Name all weeks that anything tells of."""
    told = await find(tx, "Encounter", whose, *_ATTENDED)
    told += await find(tx, "Appointment", whose, ("status", _TELLING))
    return {week for each in told for week in await weeks_touched(each.content, tx)}


async def sessions_of(whose: tuple[str, str], weeks: list[Week], tx: Transaction) -> Sessions:
    """Find the sessions of some weeks; a person's years are not read again for each of them."""
    low, high = weeks[0].span(tx.zone)[0], weeks[-1].span(tx.zone)[1]
    within = ("date", f"ge{instant(moment(low))}"), ("date", f"lt{instant(moment(high))}")
    asked = (whose, *within)
    missed = [
        (each, weeks_of(_time_of(each.content, tx), tx.zone))
        for each in await find(tx, "Appointment", *asked, ("status", "noshow"))
    ]
    attended = [
        (each, visit, frozenset(weeks_of(visit.spans, tx.zone)))
        for each, visit in await _visits(asked, tx)
    ]
    not_come = tuple((each, min(touched)) for each, touched in missed if touched)
    return Sessions(tuple(attended), not_come)


def _time_of(appointment: JsonObject, tx: Transaction) -> list[Range]:
    """Give the time of an Appointment; none where it lasts longer than anybody believes."""
    span = session.scheduled(appointment, tx.zone)
    return [span] if span and span[1] - span[0] <= LONGEST_VISIT else []


async def _visits(asked: Criteria, tx: Transaction) -> list[tuple[Found, Visit]]:
    """Find the sessions that were attended, with their times and orders."""
    found = await find(tx, "Encounter", *asked, *_ATTENDED)
    appointments = await _appointments([each.content for each in found], tx)
    told = (*(each.content for each in found), *appointments.values())
    ids = {logical_id for each in told for logical_id in session.orders_of(each, tx.bases)}
    orders = await _contents("ServiceRequest", ids, tx)
    visits = []
    for each in found:
        kept = [appointments.get(a, {}) for a in session.appointments_of(each.content, tx.bases)]
        named = [o for told in (each.content, *kept) for o in session.orders_of(told, tx.bases)]
        spans = session.attended(each.content, appointments, _counting(tx))
        visits.append((each, Visit(spans, [orders[o] for o in named if o in orders])))
    return visits


def _counting(tx: Transaction) -> session.Counting:
    return session.Counting(tx.bases, tx.zone, LONGEST_VISIT)


async def _appointments(encounters: list[JsonObject], tx: Transaction) -> dict[str, JsonObject]:
    ids = {each for told in encounters for each in session.appointments_of(told, tx.bases)}
    return await _contents("Appointment", ids, tx)


async def _contents(name: str, ids: set[str], tx: Transaction) -> dict[str, JsonObject]:
    versions = await tx.read_many(name, sorted(ids))
    contents = ((key.id, content_of(version)) for key, version in versions.items())
    return {logical_id: content for logical_id, content in contents if content is not None}
