"""Finds whom a notice is about: one person who is known here, a new one, or a doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.domain.notice.identity import (
    Doubt,
    doubt,
    identities,
    is_same_person,
    of_another,
)
from services.intake_api.notices.earlier import kept_before
from services.intake_api.notices.matching import key_of, references, sharing
from shared.care.subject import patient_of
from shared.store.finding import fetch

if TYPE_CHECKING:
    from services.intake_api.domain.notice.identity import Identity
    from services.intake_api.domain.notice.message import Notice
    from shared.store.transaction import Transaction


async def person_of(tx: Transaction, notice: Notice) -> str | Doubt:
    """Give the reference of the person, made or yet to be made; what must be held is held."""
    known = identities(notice)
    stay, subject = await _known_stay(tx, known[notice.stay_address])
    if subject is not None and await _was_spoken_of(tx, notice, stay):
        return subject
    identity = known[notice.patient_address]
    candidates = {each.reference: each.content for each in await sharing(tx, [identity])}
    found = next(iter(candidates), None)
    doubted = doubt(notice.patient, candidates) or of_another(stay, subject, found)
    if doubted is not None or found is not None:
        return doubted or found or ""
    return await _new_person(tx, identity.reference)


async def subject_of_stay(tx: Transaction, notice: Notice) -> str | None:
    """Give the reference of the person whose a stay is known to be here; None if of nobody."""
    identity = identities(notice)[notice.stay_address]
    return (await _known_stay(tx, identity))[1]


async def _known_stay(tx: Transaction, identity: Identity) -> tuple[str, str | None]:
    reference = (await references(tx, [identity]))[identity]
    stay = await fetch(tx, key_of(reference))
    patient_id = None if stay is None else patient_of(stay.content, "subject", tx.bases)
    return reference, patient_id and f"Patient/{patient_id}"


async def _was_spoken_of(tx: Transaction, notice: Notice, stay: str) -> bool:
    before = await kept_before(tx, stay)
    return is_same_person(notice.patient, [each.patient for each in before])


async def _new_person(tx: Transaction, reference: str) -> str | Doubt:
    # Made by an earlier notice under the same identifiers, which people have changed since.
    if await fetch(tx, key_of(reference)) is not None:
        return Doubt(
            "the person made for its identifiers does not carry them any more", (reference,)
        )
    return reference
