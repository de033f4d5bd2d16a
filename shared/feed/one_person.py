"""Which Patients of the record are one person, by the links of those who merged them.

References are never rewritten, so a merge is undone by taking the link away.
https://hl7.org/fhir/R4/patient.html#merge
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.care.merge import replaced_by, survivor, together
from shared.fhir.reader import read
from shared.store.as_of import as_of, replaced_until
from shared.store.finding import fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading
    from shared.store.transaction import Transaction

_AT_ONCE: Final = 40


@dataclass(frozen=True, slots=True)
class OnePerson:
    """A person: the Patient who stands for them, and all whom it stands for, itself too."""

    survivor: str
    ids: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Refer to each of their Patients."""
        return tuple(f"Patient/{each}" for each in self.ids)

    @property
    def references(self) -> str:
        """Name all their Patients, as a search asks for any of them."""
        return ",".join(self.names)

    @property
    def criterion(self) -> tuple[str, str]:
        """Search for what is about the person."""
        return "patient", self.references


async def one_person(tx: Transaction, patient_id: str) -> OnePerson:
    """Find who a Patient is, by links now."""
    return await person_in(tx, patient_id, tx.bases)


async def person_in(reading: Reading, patient_id: str, bases: tuple[str, ...]) -> OnePerson:
    """Find who a Patient is, by the links that may be read."""
    survivor = await _survivor(reading, patient_id, bases)
    ids = {survivor, patient_id}
    waiting = list(ids)
    while waiting:
        linked = await find(reading, "Patient", ("link", f"Patient/{waiting.pop()}"))
        known = {f.key.id for f in linked if replaced_by(f.content, bases) in ids}
        waiting += known - ids
        ids |= known
    return OnePerson(survivor, tuple(sorted(ids)))


async def person_then(
    reading: Reading, patient_id: str, bases: tuple[str, ...], at: datetime
) -> OnePerson:
    """Find who a Patient was at an instant, whoever they are now."""
    links: dict[str, str | None] = {}
    waiting = {patient_id}
    while waiting:
        one = waiting.pop()
        then = await as_of(reading, ("Patient",), one, at)
        links[one] = next((replaced_by(e.content, bases) for e in then if e.key.id == one), None)
        linked = {*await replaced_until(reading, one, at), links[one]}
        waiting |= {each for each in linked if each} - links.keys()
    ids = together(patient_id, links)
    return OnePerson(survivor(patient_id, links), tuple(sorted(ids)))


async def survivors(
    reading: Reading, ids: Collection[str], bases: tuple[str, ...]
) -> dict[str, str]:
    """Name the Patient who stands for each of many, and for all who are one person with them."""
    links: dict[str, str | None] = {}
    waiting = set(ids)
    while waiting:
        read_now = await reading.read_many("Patient", sorted(waiting))
        present = {key.id: read(each.body) for key, each in read_now.items() if each.body}
        links |= dict.fromkeys(waiting) | {e: replaced_by(p, bases) for e, p in present.items()}
        more = {other for each in present if (other := links[each])}
        names = [f"Patient/{each}" for each in sorted(waiting)]
        for start in range(0, len(names), _AT_ONCE):
            asked = ",".join(names[start : start + _AT_ONCE])
            linked = await find(reading, "Patient", ("link", asked))
            more |= {f.key.id for f in linked if replaced_by(f.content, bases) in waiting}
        waiting = more - links.keys()
    return {each: survivor(each, links) for each in links}


async def _survivor(reading: Reading, patient_id: str, bases: tuple[str, ...]) -> str:
    """Follow the links to the Patient who stands; of those linked in a ring, to the first by id."""
    way = [patient_id]
    while True:
        found = await fetch(reading, Key("Patient", way[-1]))
        after = None if found is None else replaced_by(found.content, bases)
        if after is None:
            return way[-1]
        if after in way:
            return min(way[way.index(after) :])
        way.append(after)


async def persons_merged(event: Event, tx: Transaction) -> list[OnePerson]:
    """Name the persons whom a write of a Patient has merged or parted; none where it did not."""
    now = await _link(event, event.version, tx)
    before = await _link(event, event.version - 1, tx)
    if now == before:
        return []
    ids = [each for each in (event.key.id, now, before) if each]
    return list(dict.fromkeys([await one_person(tx, each) for each in ids]))


async def _link(event: Event, number: int, tx: Transaction) -> str | None:
    version = await tx.read_version(event.key, number)
    content: JsonObject = {} if version is None or version.body is None else read(version.body)
    return replaced_by(content, tx.bases)
