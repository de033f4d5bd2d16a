"""Makes a handoff's packet: the document and the referral, of what may be told to the clinic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.progress_api.domain.handoff.aftercare import aftercare_plan, with_plan
from services.progress_api.domain.handoff.clearing import cleared
from services.progress_api.domain.handoff.composition import composition
from services.progress_api.domain.handoff.disclosure import Disclosure, is_protected
from services.progress_api.domain.handoff.document import document, name_of, reached
from services.progress_api.domain.handoff.part_2 import labelled
from services.progress_api.domain.handoff.record import last_of
from services.progress_api.domain.handoff.referral import service_request
from services.progress_api.operations.handoff_record import led_to
from shared.care.aftercare import is_refused
from shared.care.session import is_session
from shared.fhir.errors import Conflict
from shared.store.finding import find

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.progress_api.domain.handoff.handoff import Handoff
    from services.progress_api.domain.handoff.record import Record
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading as Texts
    from shared.store.reading import Reading


@dataclass(frozen=True, slots=True)
class Packet:
    """What goes along with a person, the last session that they attended, and what goes on here."""

    document: JsonObject
    referral: JsonObject
    last_visit: str | None
    aftercare: JsonObject | None


async def packed(
    reading: Reading,
    handoff: Handoff,
    record: Record,
    *,
    lapsed: Sequence[JsonObject],
    now: datetime,
) -> Packet:
    """Write the document and the referral, as if what may not be told were not in the record.

    What may be told is what the Consents say that are in force `now`, whenever the handoff was.

    :raises Conflict: when not even the person and their episode may be told.
    """
    disclosure = await _disclosure(reading, handoff, replace(record.reading, now=now))
    # What the referral leads to is read as well: who asks, and who is asked.
    roots = [handoff.episode, *_gathered(record), service_request(handoff, (), lapsed)]
    whole = [*roots[:-1], *await led_to(reading, roots, handoff, record.reading)]
    whole = labelled(whole, handoff.episode, record.reading)
    told = cleared(whole, disclosure.permits, record.reading.bases)
    packet = _packet(handoff, record, told, disclosure, lapsed=lapsed)
    return replace(packet, aftercare=_aftercare(handoff, record, packet.referral, whole))


def _packet(
    handoff: Handoff,
    record: Record,
    told: Sequence[JsonObject],
    disclosure: Disclosure,
    *,
    lapsed: Sequence[JsonObject],
) -> Packet:
    handoff, record = _of_whom(handoff, told), record.keeping(told)
    attended, documented = _encounters(record)
    referral = service_request(handoff, record.current("Condition"), lapsed)
    if aftercare := _aftercare(handoff, record, referral, told):
        told = labelled([*told, aftercare], handoff.episode, record.reading)
        record = with_plan(record, told[-1])
    written = composition(handoff, record, referral, documented)
    along = reached([written, referral], told, record.reading.bases)
    if any(map(is_protected, along)):
        consents = _relied_on(disclosure, along)
        written = composition(handoff, record, referral, documented, consents)
        along += reached([written, referral, *along], [*told, *consents], record.reading.bases)
    last = f"Encounter/{attended['id']}" if attended else None
    whole = document(handoff, written, [referral, *along], record.reading)
    return Packet(whole, referral, last, aftercare)


def _aftercare(
    handoff: Handoff, record: Record, referral: JsonObject, known: Sequence[JsonObject]
) -> JsonObject | None:
    """Write the plan of the aftercare by what is known; none for who takes back their consent."""
    if is_refused(record.by_type.get("Consent", ())):
        return None
    person = ("Patient", handoff.patient_id)
    patient = next((each for each in known if name_of(each) == person), None)
    return aftercare_plan(handoff, record, referral, patient)


async def _disclosure(reading: Reading, handoff: Handoff, texts: Texts) -> Disclosure:
    given = await find(reading, "Consent", handoff.criterion, ("status", "active"))
    return Disclosure([each.content for each in given], handoff.recipient, texts)


def _relied_on(disclosure: Disclosure, told: Sequence[JsonObject]) -> list[JsonObject]:
    protected = [each for each in told if is_protected(each)]
    found = {e["id"]: e for each in protected for e in disclosure.relied_on(each)}
    return [found[each] for each in sorted(found)]


def _encounters(record: Record) -> tuple[JsonObject | None, list[JsonObject]]:
    """Give the last session that was attended, and the encounters that the document is about."""
    encounters = record.since_admission("Encounter")
    attended = [each for each in encounters if is_session(each)]
    last = last_of(attended, record.reading)
    # Hundreds of sessions would hide what matters; the hours of each week tell of them.
    return last, [each for each in encounters if each not in attended or each is last]


def _gathered(record: Record) -> list[JsonObject]:
    return [each for found in record.by_type.values() for each in found]


def _of_whom(handoff: Handoff, told: Sequence[JsonObject]) -> Handoff:
    """Give the handoff with its episode as it may be told."""
    named = {f"{each['resourceType']}/{each['id']}": each for each in told}
    if not {handoff.episode_reference, handoff.patient} <= named.keys():
        raise Conflict(
            "What is kept of this person is protected, and no active Consent permits "
            f"to tell it to {handoff.recipient}.",
            expression="EpisodeOfCare.meta.security",
        )
    return replace(handoff, episode=named[handoff.episode_reference])
