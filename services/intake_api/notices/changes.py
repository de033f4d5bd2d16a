"""Gathers what notices said before, and gives the changes that one more of them makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.domain import clock
from services.intake_api.domain.follow_up import windows
from services.intake_api.domain.notice.identity import identities
from services.intake_api.domain.notice.message import DIRECTORY
from services.intake_api.domain.notice.outcome import POLICY, Told, decided, outcome
from services.intake_api.notices.earlier import kept_before
from services.intake_api.notices.matching import references
from shared.care.automatic import Act, derived_id, provenance
from shared.server.interactions.update import content_of
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from services.intake_api.domain.notice.identity import Identity
    from services.intake_api.domain.notice.message import Notice
    from services.intake_api.notices.earlier import Kept
    from shared.care.automatic import Policy
    from shared.fhir.reader import JsonObject
    from shared.store.transaction import Transaction


async def changes_of(tx: Transaction, notice: Notice, person: str, now: datetime) -> list[Change]:
    """Decide everything that a notice about this person changes, with its Provenance."""
    new, earlier = await _told(tx, notice, person)
    stay = new.places[notice.stay_address]
    before = outcome(earlier, stay, tx.zone)
    after = outcome([*earlier, new], stay, tx.zone)
    mentioned = frozenset(new.places.values())
    changes = []
    for reference, content in after.items():
        if reference in mentioned or content != before.get(reference):
            change = await _change(tx, before.get(reference), content, now, mentioned)
            changes += [] if change is None else [change]
    return [*changes, *await _said(tx, new, changes, now)]


def provenance_id(notice: Notice) -> str:
    """Derive the id of what is said of a notice that was kept."""
    return derived_id(f"message/{notice.name}", POLICY.name)


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
    result = after if current is None else decided(current, before, after)
    if result is None:
        return None
    if current is None and key.type == "Task":
        result = clock.as_opened(result, tx.zone, now)
    return Change(key, "PUT", version, result, now)


async def _told(tx: Transaction, notice: Notice, person: str) -> tuple[Told, list[Told]]:
    known = await references(tx, identities(notice).values())
    new = Told(notice, _places(notice, known, person))
    before = await kept_before(tx, new.places.values())
    others = {
        identity
        for each in before
        for identity in identities(each.notice).values()
        if identity not in known
    }
    known |= await references(tx, others)
    return new, [_told_before(each, known, person) for each in before]


def _told_before(kept: Kept, known: Mapping[Identity, str], person: str) -> Told:
    places = _places(kept.notice, known, person)
    if person not in kept.targets:
        # Of what was told of others, only who and where they all are is looked at.
        kinds = {url: each["resourceType"] for url, each in kept.notice.kept.items()}
        places = {url: places[url] for url in places if kinds[url] in DIRECTORY}
    return Told(kept.notice, places)


def _places(notice: Notice, known: Mapping[Identity, str], person: str) -> dict[str, str]:
    found = {url: known[identity] for url, identity in identities(notice).items()}
    return found | {notice.patient_address: person}


async def _said(
    tx: Transaction, told: Told, changes: Sequence[Change], now: datetime
) -> list[Change]:
    """Say what the notice spoke of and changed, and by which windows its clocks run."""
    message = f"Bundle/{told.notice.bundle_id}"
    directory = {each for each in told.places.values() if each.partition("/")[0] in DIRECTORY}
    spoken_of = set(told.places.values()) - directory
    changed = {str(each.key) for each in changes}
    acts = [(POLICY, spoken_of | changed, message)]
    clocks = {str(each.key) for each in changes if each.after and clock.is_clock(each.after)}
    if clocks:
        acts.append((windows.POLICY, clocks, str(told.stay)))
    return [await _saying(tx, act, told.notice, now) for act in acts]


async def _saying(
    tx: Transaction, act: tuple[Policy, set[str], str], notice: Notice, now: datetime
) -> Change:
    policy, targets, source = act
    key = Key("Provenance", derived_id(f"message/{notice.name}", policy.name))
    said = provenance(policy, Act(sorted(targets), (source,), instant(now)))
    return Change(key, "PUT", await tx.read(key), said | {"id": key.id}, now)
