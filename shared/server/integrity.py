"""The integrity of references: what is written leads to something, and what is deleted is let go.

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Conflict, Issue, Malformed
from shared.fhir.reader import read
from shared.fhir.references import Links, parse_reference, references_in
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterator, Mapping, Sequence

    from shared.access.access import Access
    from shared.fhir.references import Link
    from shared.store.transaction import Transaction
    from shared.store.version import Change, Version

# By the text of a reference: the code of what is wrong with it, and the sentence.
Faults = dict[str, tuple[str, str]]

# Where a version suffices: what something was made from stays so when that is deleted.
_SOURCE: Final = re.compile(r"Provenance\.entity\[[0-9]+\]\.what")
# As the address of a version has it.
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_FORMLESS: Final = ("value", "This is no form of a reference: Type/id, an absolute URL or #id.")
_URN: Final = ("not-found", "A urn leads to a resource only inside the Bundle that names it.")
_CONDITIONAL: Final = "A conditional reference is allowed only in a transaction."


async def broken_references(
    tx: Transaction, changes: Sequence[Change], places: Mapping[Key, str]
) -> list[Issue]:
    """Find references that lead nowhere; what they lead to stays there until the commit.

    :raises Malformed: for a conditional reference, which only a transaction can resolve.
    """
    texts = {text for change in changes for text in _checked(change, tx.access)}
    links = [parse_reference(text, tx.bases) for text in texts]
    conditional = {link.text: ("invalid", _CONDITIONAL) for link in _of("conditional", links)}
    if conditional:
        change, at, text = next(_standing(conditional, changes))
        issue = Issue("error", *conditional[text], at)
        raise Malformed(issues=(placed(issue, change.key, places),))
    faults: Faults = {link.text: _FORMLESS for link in _of("other", links)}
    if not tx.policy.external_references:
        faults |= {link.text: _URN for link in _of("urn", links)}
    faults |= await _absent(tx, changes, _of("local", links))
    past = await _past(tx, [link for link in links if link.text in faults])
    return [
        placed(Issue("error", *faults[text], at), change.key, places)
        for change, at, text in _standing(faults, changes)
        if text not in past or _SOURCE.fullmatch(at) is None
    ]


async def refuse_orphans(tx: Transaction, deleted: Version) -> None:
    """Check, after the write, that nothing refers to what was deleted.

    What left or let go in the same transaction does not count.

    :raises Conflict: naming up to ten that refer to it and may be seen.
    """
    referrers = await tx.referrers(deleted.key)
    if referrers or (tx.access.is_limited and await tx.is_referred_to(deleted.key)):
        named = f": {', '.join(map(str, referrers))}" if referrers else ""
        raise Conflict(f"{deleted.key} cannot be deleted while others refer to it{named}.")


def placed(issue: Issue, key: Key, places: Mapping[Key, str]) -> Issue:
    """Tell of an issue at the place in a Bundle where its resource stands, if it is in one."""
    place = places.get(key)
    if place is None:
        return issue
    expression = issue.expression or key.type
    return replace(issue, expression=place + expression.removeprefix(key.type))


def _checked(change: Change, access: Access) -> set[str]:
    """List the references that must lead somewhere.

    What stood there before, its reader may leave there, though they may not see where it leads.
    """
    texts = set(change.links.references()) if change.links else set()
    if not access.is_limited or change.before is None or change.before.body is None:
        return texts
    return texts.difference(Links(read(change.before.body)).references())


def _of(kind: str, links: Sequence[Link]) -> list[Link]:
    return [link for link in links if link.kind == kind]


async def _absent(tx: Transaction, changes: Sequence[Change], links: Collection[Link]) -> Faults:
    """Find what is not there of this server's resources and their versions."""
    leaving = {change.key for change in changes if change.after is None}
    # Who refers to what comes is told of it, so it must not come unseen beside them.
    coming = {change.key for change in changes if change.may_be_awaited(tx.policy)}
    staying = {change.key for change in changes if change.after is not None}
    outside = {_key(link) for link in links} - staying
    there = staying | (await tx.protect(outside, leaving | coming) - leaving)
    if tx.policy.external_references:
        return {}
    made = {(change.key, change.number) for change in changes if change.after is not None}
    asked = {(_key(link), number) for link in links if (number := _number(link)) is not None}
    versions = made | await tx.versions_of(asked - made)
    faults: Faults = {}
    for link in links:
        if _key(link) not in there:
            faults[link.text] = ("not-found", f"{_key(link)} does not exist here.")
        elif link.version is not None and (_key(link), _number(link)) not in versions:
            faults[link.text] = ("not-found", f"{_key(link)} has no version {link.version}.")
    return faults


def _key(link: Link) -> Key:
    return Key(link.type or "", link.id or "")


def _number(link: Link) -> int | None:
    return int(link.version or "") if _NUMBER.fullmatch(link.version or "") else None


async def _past(tx: Transaction, links: Collection[Link]) -> set[str]:
    """Find which of these lead to a version that is only history, also to that of a deletion."""
    named = {link.text: (_key(link), number) for link in links if (number := _number(link))}
    there = await tx.versions_of(set(named.values()), deletions=True)
    return {text for text, version in named.items() if version in there}


def _standing(
    texts: Container[str], changes: Sequence[Change]
) -> Iterator[tuple[Change, str, str]]:
    """Find where one of these references stands: in which change, at which place."""
    for change in changes:
        told = () if change.after is None else references_in(change.after, change.key.type)
        for at, reference in told:
            text = reference.get("reference")
            if type(text) is str and text in texts:
                yield change, at, text
