"""The one way into the record: validated, lawful, with every reference in place, then written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.care.law import CareChange
from shared.care.laws import LAWFUL_TYPES, broken_laws
from shared.fhir.errors import Conflict, Issue, Malformed, RuleViolation
from shared.fhir.reader import read
from shared.fhir.references import Link, parse_reference, references_in
from shared.fhir.validation import validate
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shared.store.transaction import Transaction
    from shared.store.version import Change, Version

MAX_ISSUES = 100


async def save(
    tx: Transaction, changes: Sequence[Change], places: Mapping[Key, str] | None = None
) -> list[Version]:
    """Write changes that hold together; `places` says where in a Bundle each one stands.

    :raises RuleViolation: with all issues, when a rule of FHIR or a law of care is broken.
    :raises Conflict: when something that is deleted is still referred to, naming up to ten.
    :raises EditConflict: when another writer got there first.
    """
    where = places or {}
    refuse_broken_rules(changes, where)
    _refuse(await _dangling(tx, changes, where))
    versions = await tx.write(changes)
    for version in versions:
        if version.deleted:
            await _refuse_orphans(tx, version)
    return versions


def refuse_broken_rules(changes: Sequence[Change], places: Mapping[Key, str]) -> None:
    """Check contents against the rules of FHIR and the laws of care.

    :raises RuleViolation: with all issues.
    """
    _refuse(
        [
            _placed(issue, change.key, places)
            for change in changes
            for issue in _broken_rules(change)
            if issue.severity in {"fatal", "error"}
        ]
    )


def _refuse(issues: Sequence[Issue]) -> None:
    if issues:
        raise RuleViolation(issues=tuple(issues[:MAX_ISSUES]))


def _broken_rules(change: Change) -> list[Issue]:
    if change.after is None:
        return []
    issues = validate(change.after)
    # A law may trust the shape of what it sees, so it is asked only about valid content.
    if not issues and change.key.type in LAWFUL_TYPES:
        before = None
        if change.before is not None and change.before.body is not None:
            before = read(change.before.body)
        issues = broken_laws(change.key.type, CareChange(before, change.after, change.now))
    return issues


async def _dangling(
    tx: Transaction, changes: Sequence[Change], places: Mapping[Key, str]
) -> list[Issue]:
    """Find references to resources of this server that are not there."""
    staying = {change.key for change in changes if change.after is not None}
    leaving = {change.key for change in changes if change.after is None}
    links = [
        (change, location, Key(link.type or "", link.id or ""))
        for change in changes
        for location, link in _links(change, tx.bases, places)
    ]
    outside = {target for _, _, target in links} - staying
    found = await tx.protect(outside, leaving) - leaving
    missing = outside - found
    return [
        _placed(Issue("error", "not-found", f"{target} does not exist here.", at), c.key, places)
        for c, at, target in links
        if target in missing
    ]


def _links(
    change: Change, bases: tuple[str, ...], places: Mapping[Key, str]
) -> Iterator[tuple[str, Link]]:
    """Find the references to this server's resources, each with its location.

    :raises Malformed: for a conditional one, which only a transaction can resolve.
    """
    for location, reference in references_in(change.after or {}, change.key.type):
        text = reference.get("reference")
        link = parse_reference(text, bases) if isinstance(text, str) else None
        if link is not None and link.kind == "local":
            yield location, link
        elif link is not None and link.kind == "conditional":
            told = "A conditional reference is allowed only in a transaction."
            issue = Issue("error", "invalid", told, location)
            raise Malformed(issues=(_placed(issue, change.key, places),))


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
