"""The one way into the record: validated, lawful, with every reference in place, then written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.care.law import CareChange
from shared.care.laws import LAWFUL_TYPES, broken_laws, needing_laws
from shared.fhir.errors import Conflict, Forbidden, RuleViolation
from shared.fhir.reader import read
from shared.fhir.validation import capped, is_sound, validate
from shared.server.integrity import broken_references, placed, refuse_orphans
from shared.server.known_profiles import profiles_claimed
from shared.store.finding import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.care.law import Law, Need
    from shared.fhir.errors import Issue
    from shared.fhir.reader import JsonObject
    from shared.server.known_profiles import KnownProfiles
    from shared.store.transaction import Transaction
    from shared.store.version import Change, Key, Version


async def save(
    tx: Transaction, changes: Sequence[Change], places: Mapping[Key, str] | None = None
) -> list[Version]:
    """Write changes that hold together; `places` says where in a Bundle each one stands.

    :raises RuleViolation: with all issues, when a rule of FHIR or a law of care is broken.
    :raises Forbidden: when a law of care does not allow it to this caller.
    :raises Conflict: when something that is deleted is still referred to, naming up to ten, or a
        law of care does not allow it as things stand.
    :raises EditConflict: when another writer got there first.
    """
    if not changes:
        return []
    where = places or {}
    contents = [change.after for change in changes if change.after is not None]
    now = changes[0].now.astimezone(tx.zone)
    refuse_broken_rules(changes, where, tx, await profiles_claimed(tx, contents, now=now))
    needing = [await _further(each, tx) for each in _needing(changes, tx)]
    await tx.hold_conditions([repr(need) for each in needing for need in each.held])
    _refuse(await broken_references(tx, changes, where))
    versions = await tx.write(changes)
    # Asked after the write, so that a law sees the whole of what is written together.
    found = await _found(needing, tx)
    _refuse([issue for each in needing for issue in _broken_law(each, where, found)])
    for version in versions:
        if version.deleted:
            await refuse_orphans(tx, version)
    return versions


def refuse_broken_rules(
    changes: Sequence[Change],
    places: Mapping[Key, str],
    tx: Transaction,
    profiles: KnownProfiles | None = None,
) -> None:
    """Check contents against the rules of FHIR and the laws of care that need nothing else.

    The profiles they claim are checked where they are given.

    :raises RuleViolation: with all issues.
    :raises Forbidden: when a law does not allow it to this caller.
    :raises Conflict: when a law does not allow it as things stand.
    """
    _refuse(
        [
            placed(issue, change.key, places)
            for change in changes
            for issue in _broken_rules(change, tx, profiles)
            if issue.severity in {"fatal", "error"}
        ]
    )


def _refuse(issues: Sequence[Issue]) -> None:
    told = tuple(capped(list(issues)))
    if any(issue.code == Forbidden.code for issue in issues):
        raise Forbidden(issues=told)
    if issues and all(issue.code == Conflict.code for issue in issues):
        raise Conflict(issues=told)
    if issues:
        raise RuleViolation(issues=told)


def _broken_rules(change: Change, tx: Transaction, profiles: KnownProfiles | None) -> list[Issue]:
    if change.after is None:
        return []
    issues = validate(change.after)
    # A profile may trust the shape of what it sees, and a law its codes too.
    is_lawful = not issues
    if profiles is not None and is_sound(issues):
        issues += profiles.issues(change.after)
    if is_lawful and change.key.type in LAWFUL_TYPES:
        issues += broken_laws(change.key.type, _as_laws_see(change, change.after, tx))
    return issues


def _as_laws_see(change: Change, after: JsonObject, tx: Transaction) -> CareChange:
    before = None
    if change.before is not None and change.before.body is not None:
        before = read(change.before.body)
    return CareChange(before, after, change.now.astimezone(tx.zone), tx.act.caller, tx.bases)


@dataclass(frozen=True, slots=True)
class _Needing:
    """A law that must see more than a change, what it needs, and what of that is held."""

    law: Law
    needs: tuple[Need, ...]
    held: tuple[Need, ...]
    key: Key
    change: CareChange


def _needing(changes: Sequence[Change], tx: Transaction) -> list[_Needing]:
    found = []
    for change in changes:
        if change.after is not None and change.key.type in LAWFUL_TYPES:
            seen = _as_laws_see(change, change.after, tx)
            laws = needing_laws(change.key.type, seen)
            found += [_Needing(law, needs, needs, change.key, seen) for law, needs in laws]
    return found


async def _further(needing: _Needing, tx: Transaction) -> _Needing:
    """Let a law name what else it needs by what it has seen."""
    if needing.law.further is None:
        return needing
    found = await _found([needing], tx)
    more = needing.law.further(needing.change, tuple(found[need] for need in needing.needs))
    return replace(needing, needs=(*needing.needs, *more), held=more)


async def _found(needing: Sequence[_Needing], tx: Transaction) -> dict[Need, list[JsonObject]]:
    """Find what the laws must see, once for all changes that need the same."""
    needs = dict.fromkeys(need for each in needing for need in each.needs)
    return {
        need: [each.content for each in await find(tx, need.type, *need.criteria)] for need in needs
    }


def _broken_law(
    needing: _Needing, places: Mapping[Key, str], found: Mapping[Need, list[JsonObject]]
) -> list[Issue]:
    matches = tuple(found[need] for need in needing.needs)
    broken = needing.law.rule(needing.change, matches)
    return [placed(issue, needing.key, places) for issue in broken]
