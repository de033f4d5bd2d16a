"""Reads from the record what decides which measures a person is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.measures.choosing import Ground, Person, born, is_ground
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from datetime import datetime

    from shared.feed.one_person import OnePerson
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_MANY: Final = 1000


async def grounds_of(person: OnePerson, tx: Transaction) -> Person:
    """Find a person's date of birth, the plans and the conditions that ask for measures."""
    patient = await fetch(tx, Key("Patient", person.survivor))
    found = [
        each
        for resource_type in ("CarePlan", "Condition")
        for each in await find(tx, resource_type, person.criterion)
        if is_ground(each.content)
    ]
    grounds = [Ground(each.content, await _since(each, tx)) for each in found]
    return Person(born(patient.content if patient else None, tx.zone), tuple(grounds))


async def _since(found: Found, tx: Transaction) -> datetime:
    """Give the moment at which the record first knew that it is a ground."""
    versions = await tx.history(found.key, before=None, limit=_MANY)
    told = [(each, content_of(each)) for each in versions]
    return min(each.updated for each, content in told if content and is_ground(content))
