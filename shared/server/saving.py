"""The one way into the record: validated, lawful, with every reference in place, then written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.care.law import CareChange
from shared.care.laws import LAWFUL_TYPES, broken_laws, needing_laws
from shared.fhir.errors import Conflict, Forbidden, Issue, Malformed, RuleViolation
from shared.fhir.reader import read
from shared.fhir.references import parse_reference, references_in
from shared.fhir.validation import capped, is_sound, validate
from shared.server.known_profiles import profiles_claimed
from shared.store.finding import find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shared.care.law import Law, Need
    from shared.fhir.reader import JsonObject
    from shared.server.known_profiles import KnownProfiles
    from shared.store.transaction import Transaction
    from shared.store.version import Change, Version


async def save(
    tx: Transaction, changes: Sequence[Change], places: Mapping[Key, str] | None = None
) -> list[Version]:
    """Write changes that hold together; `places` says where in a Bundle each one stands.

    :raises RuleViolation: with all issues, when a rule of FHIR or a law of care is broken.
    :raises Forbidden: when a law of care does not allow it to this caller.
    :raises Conflict: when something that is deleted is still referred to, naming up to ten.
    :raises EditConflict: when another writer got there first.
    """
    where = places or {}
    contents = [change.after for change in changes if change.after is not None]
    refuse_broken_rules(changes, where, tx, await profiles_claimed(tx, contents))
    needing = _needing(changes, tx)
    await tx.hold_conditions([repr(need) for each in needing for need in each.needs])
    _refuse(await _dangling(tx, changes, where))
    versions = await tx.write(changes)
    # Asked after the write, so that a law sees the whole of what is written together.
    _refuse([issue for each in needing for issue in await _broken_law(each, where, tx)])
    for version in versions:
        if version.deleted:
            await _refuse_orphans(tx, version)
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
    """
    _refuse(
        [
            _placed(issue, change.key, places)
            for change in changes
            for issue in _broken_rules(change, tx, profiles)
            if issue.severity in {"fatal", "error"}
        ]
    )


def _refuse(issues: Sequence[Issue]) -> None:
    told = tuple(capped(list(issues)))
    if any(issue.code == Forbidden.code for issue in issues):
        raise Forbidden(issues=told)
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
    return CareChange(before, after, change.now, tx.act.caller, tx.bases)


@dataclass(frozen=True, slots=True)
class _Needing:
    """A law that must see more than a change, and what it needs."""

    law: Law
    needs: tuple[Need, ...]
    key: Key
    change: CareChange


def _needing(changes: Sequence[Change], tx: Transaction) -> list[_Needing]:
    found = []
    for change in changes:
        if change.after is not None and change.key.type in LAWFUL_TYPES:
            seen = _as_laws_see(change, change.after, tx)
            laws = needing_laws(change.key.type, seen)
            found += [_Needing(law, needs, change.key, seen) for law, needs in laws]
    return found


async def _broken_law(needing: _Needing, places: Mapping[Key, str], tx: Transaction) -> list[Issue]:
    matches = [await find(tx, need.type, *need.criteria) for need in needing.needs]
    found = tuple([each.content for each in found] for found in matches)
    broken = needing.law.rule(needing.change, found)
    return [_placed(issue, needing.key, places) for issue in broken]


async def _dangling(
    tx: Transaction, changes: Sequence[Change], places: Mapping[Key, str]
) -> list[Issue]:
    """Find references to resources of this server that are not there."""
    staying = {change.key for change in changes if change.after is not None}
    leaving = {change.key for change in changes if change.after is None}
    outside: set[Key] = set()
    for change in changes:
        outside |= _targets(change, tx.bases, places)
    outside -= staying
    missing = outside - (await tx.protect(outside, leaving) - leaving)
    return [
        _placed(Issue("error", "not-found", f"{target} does not exist here.", at), c.key, places)
        for c in (changes if missing else ())
        for at, target in _located(c, tx.bases)
        if target in missing
    ]


def _targets(change: Change, bases: tuple[str, ...], places: Mapping[Key, str]) -> set[Key]:
    """Name this server's resources that a change refers to.

    :raises Malformed: for a conditional reference, which only a transaction can resolve.
    """
    targets = set()
    for text in change.links.references() if change.links else ():
        link = parse_reference(text, bases)
        if link.kind == "local":
            targets.add(Key(link.type or "", link.id or ""))
        elif link.kind == "conditional":
            raise Malformed(issues=(_placed(_conditional(change, text), change.key, places),))
    return targets


def _conditional(change: Change, text: str) -> Issue:
    found = references_in(change.after or {}, change.key.type)
    at = next((location for location, each in found if each.get("reference") == text), None)
    told = "A conditional reference is allowed only in a transaction."
    return Issue("error", "invalid", told, at)


def _located(change: Change, bases: tuple[str, ...]) -> Iterator[tuple[str, Key]]:
    for location, reference in references_in(change.after or {}, change.key.type):
        text = reference.get("reference")
        if isinstance(text, str):
            link = parse_reference(text, bases)
            if link.kind == "local":
                yield location, Key(link.type or "", link.id or "")


async def _refuse_orphans(tx: Transaction, deleted: Version) -> None:
    # Asked after the write, so that what left or let go in the same transaction does not count.
    referrers = await tx.referrers(deleted.key)
    if referrers:
        named = ", ".join(map(str, referrers))
        raise Conflict(f"{deleted.key} cannot be deleted while others refer to it: {named}.")


def _placed(issue: Issue, key: Key, places: Mapping[Key, str]) -> Issue:
    place = places.get(key)
    if place is None:
        return issue
    expression = issue.expression or key.type
    return replace(issue, expression=place + expression.removeprefix(key.type))
