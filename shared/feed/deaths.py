"""Tells of whom a write of a Patient says that they have died, or have not after all.

A person has died when any of their Patients says so, whichever of them stands.
https://hl7.org/fhir/R4/patient.html#merge
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.care.death import is_dead
from shared.feed.one_person import one_person, persons_merged
from shared.fhir.dates import date_range, moment
from shared.fhir.reader import read
from shared.store.finding import fetch
from shared.store.version import Key

if TYPE_CHECKING:
    from datetime import datetime

    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Version


@dataclass(frozen=True, slots=True)
class Told:
    """A person of whom a write may tell it, and what is told."""

    person: OnePerson
    has_died: bool


async def has_died(person: OnePerson, tx: Transaction) -> bool:
    """Tell whether any of a person's Patients is said to have died."""
    patients = [await fetch(tx, Key("Patient", each)) for each in person.ids]
    return any(each is not None and is_dead(each.content) for each in patients)


async def died_at(person: OnePerson, tx: Transaction) -> datetime | None:
    """Give the moment of a person's death, the first that any of their Patients tells.

    Of a day it is the end; where none is told, it is when that was written.
    """
    patients = [await fetch(tx, Key("Patient", each)) for each in person.ids]
    dead = [each for each in patients if each is not None and is_dead(each.content)]
    return min((_moment(each, tx) for each in dead), default=None)


def _moment(patient: Found, tx: Transaction) -> datetime:
    told = patient.content.get("deceasedDateTime")
    return moment(date_range(told, tx.zone)[1]) if told else patient.version.updated


async def died(patient_id: str, tx: Transaction) -> bool:
    """Tell whether whoever a Patient is has died."""
    return await has_died(await one_person(tx, patient_id), tx)


async def deaths_told(event: Event, tx: Transaction) -> list[Told]:
    """Name who has died by a write of a Patient, and of whom it takes that back."""
    merged = await persons_merged(event, tx)
    own = await one_person(tx, event.key.id)
    before = _content(await tx.read_version(event.key, event.version - 1))
    found = []
    for person in dict.fromkeys([own, *merged]):
        dead = await has_died(person, tx)
        if dead or person in merged or (before is not None and is_dead(before)):
            found.append(Told(person, dead))
    return found


def _content(version: Version | None) -> JsonObject | None:
    return None if version is None or version.body is None else read(version.body)
