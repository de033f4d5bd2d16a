"""Gathers what notices said before, and gives the changes that one more of them makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.intake_api.domain import clock
from services.intake_api.domain.follow_up import windows
from services.intake_api.domain.notice.identity import identities
from services.intake_api.domain.notice.outcome import POLICY, Told, decided, follows, outcome
from services.intake_api.domain.notice.protection import permits, withheld
from services.intake_api.domain.notice.referral import asks_for_programme
from services.intake_api.notices.earlier import kept_before
from services.intake_api.notices.matching import key_of, references
from services.ownership import owner_of
from shared.care.automatic import Act, derived_id, provenance
from shared.care.episode import is_programme
from shared.feed.one_person import one_person
from shared.server.interactions.update import content_of
from shared.store.finding import find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from services.intake_api.domain.notice.identity import Identity
    from services.intake_api.domain.notice.message import Notice
    from shared.care.automatic import Policy
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Found:
    """What a notice changes here and at another owner's, and where in it each resource stands."""

    changes: list[Change]
    elsewhere: list[Change]
    places: Mapping[Key, str]


async def changes_of(tx: Transaction, notice: Notice, person: str, now: datetime) -> Found:
    """Decide everything that a notice about this person changes, with its Provenance."""
    new, earlier = await _told(tx, notice, person, now)
    before = outcome(earlier, new.stay, tx.zone)
    after = outcome([*earlier, new], new.stay, tx.zone)
    mentioned = frozenset(new.places.values())
    if await _is_in_programme(tx, person) or _is_a_correction(before, new.stay):
        # They are not asked to come a second time: whether they go on is decided by a review.
        # Nor does a correction open what the end of the stay did not open when it was told.
        after = await _without_new_referral(tx, after)
    changes = [
        change
        for reference, content in after.items()
        if (change := await _change(tx, before.get(reference), content, now, mentioned))
    ]
    ours = [each for each in changes if owner_of(each.key.type) == "intake"]
    places = {key_of(each): notice.place(url) for url, each in new.places.items()}
    elsewhere = [each for each in changes if each not in ours]
    return Found([*ours, *await _said(tx, new, ours, now)], elsewhere, places)


def provenance_id(notice: Notice) -> str:
    """Derive the id of what is said of a notice that was kept."""
    return derived_id(f"message/{notice.name}", POLICY.name)


async def _is_in_programme(tx: Transaction, person: str) -> bool:
    whose = (await one_person(tx, key_of(person).id)).criterion
    found = await find(tx, "EpisodeOfCare", whose, ("status", "active,onhold"))
    return any(is_programme(each.content) for each in found)


def _is_a_correction(before: Mapping[str, JsonObject], stay: str) -> bool:
    """Tell whether a stay that notices had told to be over is told of once more."""
    asked = any(asks_for_programme(each) for each in before.values())
    return asked and before.get(stay, {}).get("status") == "finished"


async def _without_new_referral(
    tx: Transaction, after: Mapping[str, JsonObject]
) -> dict[str, JsonObject]:
    there = await tx.existing(map(key_of, after))
    return {
        reference: content
        for reference, content in after.items()
        if key_of(reference) in there or not asks_for_programme(content)
    }


async def _change(
    tx: Transaction,
    before: JsonObject | None,
    after: JsonObject,
    now: datetime,
    mentioned: frozenset[str],
) -> Change | None:
    key = Key(after["resourceType"], after["id"])
    version = await tx.read(key)
    current = content_of(version)
    if version is not None and current is None and str(key) not in mentioned:
        return None  # people have deleted what had been opened
    result = decided(current, before, after)
    if result is None:
        return None
    if current is None and key.type == "Task":
        result = clock.as_opened(result, tx.zone, now)
    return Change(key, "PUT", version, result, now)


async def _told(
    tx: Transaction, notice: Notice, person: str, now: datetime
) -> tuple[Told, list[Told]]:
    before = await kept_before(tx, person)
    spoken_of = {identity for each in (notice, *before) for identity in identities(each).values()}
    known = await references(tx, spoken_of)
    permitted = await _is_permitted(tx, notice, person, now)
    new, *earlier = [
        Told(each, _places(each, known, person, permitted=permitted), permitted)
        for each in (notice, *before)
    ]
    return new, earlier


def _places(
    notice: Notice, known: Mapping[Identity, str], person: str, *, permitted: bool
) -> dict[str, str]:
    left = frozenset() if permitted else withheld(notice)
    found = {url: known[each] for url, each in identities(notice).items() if url not in left}
    return found | {notice.patient_address: person}


async def _is_permitted(tx: Transaction, notice: Notice, person: str, now: datetime) -> bool:
    """Ask the consents in the record and those that come with the notice."""
    known = [each.content for each in await find(tx, "Consent", ("patient", person))]
    told = [each for each in notice.kept.values() if each["resourceType"] == "Consent"]
    return permits([*known, *told], now, tx.zone)


async def _said(
    tx: Transaction, told: Told, changes: Sequence[Change], now: datetime
) -> list[Change]:
    """Say what follows from the message, and by which windows its clocks run."""
    notice, stay = told.notice, told.stay
    # What people have deleted meanwhile can no longer be spoken of.
    there = {str(each.key) for each in changes}
    there |= {str(key) for key in await tx.existing(map(key_of, follows(told, tx.zone)))}
    targets = [each for each in follows(told, tx.zone) if each in there]
    message = Act(targets, (f"Bundle/{notice.bundle_id}",), instant(now))
    said = [await _saying(tx, provenance_id(notice), POLICY, message, now)]
    clocks = [str(each.key) for each in changes if clock.is_clock(each.after or {})]
    if clocks:
        windowed = Act(sorted(clocks), (stay,), instant(now))
        said.append(await _saying(tx, derived_id(stay, "clocks"), windows.POLICY, windowed, now))
    return said


async def _saying(tx: Transaction, said_id: str, policy: Policy, act: Act, now: datetime) -> Change:
    key, said = Key("Provenance", said_id), provenance(policy, act) | {"id": said_id}
    return Change(key, "PUT", await tx.read(key), said, now)
