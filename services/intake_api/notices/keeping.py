"""Keeps a notice: the message as received, and what it says, or the doubt whom it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.intake_api.domain.notice.identity import Doubt, identities
from services.intake_api.domain.notice.review import POLICY, asked_again, review, review_id, settled
from services.intake_api.notices.changes import changes_of, provenance_id
from services.intake_api.notices.matching import conditions
from services.intake_api.notices.person import person_of, subject_of_stay
from shared.care.automatic import Act, derived_id, provenance
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.intake_api.domain.notice.message import Notice
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Version


@dataclass(frozen=True, slots=True)
class Received:
    """A notice as it came in: `raw` is its text where it came as it is."""

    notice: Notice
    raw: bytes | None
    now: datetime

    @property
    def key(self) -> Key:
        """Under which the message is stored."""
        return Key("Bundle", self.notice.bundle_id)


async def receive(tx: Transaction, received: Received) -> Version:
    """Keep a notice once, and give the first version of its message.

    One whose review waits is looked at again: meanwhile it may be clear whom it is about.
    """
    notice = received.notice
    await hold(tx, notice)
    stored = await tx.read(received.key)
    is_new = content_of(stored) is None
    asked = await _open_review(tx, notice)
    if not is_new and asked is None:
        return await _first(tx, received.key)
    person = await person_of(tx, notice)
    message = [_message(received, stored)] if is_new else []
    if not isinstance(person, Doubt):
        await _keep(tx, received, person, message)
    elif asked is None:
        before = await tx.read(Key("Task", review_id(notice)))
        await save(tx, [*message, *_reviewed(received, before, review(notice, person))])
    return await _first(tx, received.key)


async def take(tx: Transaction, received: Received) -> list[Change]:
    """Keep what a stored document tells, once, and give the changes that are for other owners."""
    notice = received.notice
    await hold(tx, notice)
    if await tx.read(Key("Provenance", provenance_id(notice))) is not None:
        return []
    before = await tx.read(Key("Task", review_id(notice)))
    if before is not None and await _open_review(tx, notice) is None:
        return []
    person = await person_of(tx, notice)
    if not isinstance(person, Doubt):
        return await _keep(tx, received, person, [])
    if before is None:
        await save(tx, _reviewed(received, None, review(notice, person)))
    return []


async def settle(
    tx: Transaction, received: Received, review_task: Found, person: str
) -> list[Change]:
    """Keep a stored notice as one about the person whom its review has named, once."""
    notice = received.notice
    await hold(tx, notice)
    if await tx.read(Key("Provenance", provenance_id(notice))) is not None:
        return []
    if await subject_of_stay(tx, notice) in {None, person}:
        return await _keep(tx, received, person, [])
    again = asked_again(review_task.content, instant(received.now))
    await save(tx, _reviewed(received, review_task.version, again))
    return []


async def hold(tx: Transaction, notice: Notice) -> None:
    """Let nobody else keep the same message, or make the same person or stay, meanwhile."""
    known = identities(notice)
    persons = conditions(known[notice.patient_address])
    await tx.hold_conditions([notice.name, *persons, *conditions(known[notice.stay_address])])


async def _keep(
    tx: Transaction, received: Received, person: str, message: Sequence[Change]
) -> list[Change]:
    found = await changes_of(tx, received.notice, person, received.now)
    asked = await _open_review(tx, received.notice)
    answered = []
    if asked is not None:
        task = settled(content_of(asked) or {}, person)
        answered = _reviewed(received, asked, task)
    await save(tx, [*message, *found.changes, *answered], found.places)
    return found.elsewhere


def _reviewed(received: Received, before: Version | None, task: JsonObject) -> list[Change]:
    """Write the review of a message, and say that our policy did."""
    key = Key("Task", task["id"])
    number = 1 if before is None else before.number + 1
    act = Act(
        (str(key),),
        (str(received.key),),
        instant(received.now),
        activity="CREATE" if before is None else "UPDATE",
    )
    said = Key("Provenance", derived_id(f"{key}/{number}", POLICY.name))
    return [
        Change(key, "PUT", before, task, received.now),
        Change(said, "PUT", None, provenance(POLICY, act), received.now),
    ]


async def _open_review(tx: Transaction, notice: Notice) -> Version | None:
    version = await tx.read(Key("Task", review_id(notice)))
    is_open = (content_of(version) or {}).get("status") == "requested"
    return version if is_open else None


async def _first(tx: Transaction, key: Key) -> Version:
    first = await tx.read_version(key, 1)
    if first is None:
        raise AssertionError("a message that was kept has a first version")
    return first


def _message(received: Received, stored: Version | None) -> Change:
    content = received.notice.bundle | {"id": received.key.id}
    return Change(received.key, "PUT", stored, content, received.now, received.raw)
