"""Links between the entries of a transaction, rewritten in the resources themselves.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Issue, Malformed, RuleViolation
from shared.fhir.references import parse_reference, references_in
from shared.fhir.validation import capped
from shared.server.conditional_references import resolve
from shared.server.integrity import placed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.server.request import Context
    from shared.server.steps import Step
    from shared.store.transaction import Transaction
    from shared.store.version import Change, Key

_URNS: Final = ("urn:uuid:", "urn:oid:")
_NO_ENTRY: Final = "No entry of the transaction has this fullUrl."


async def link(
    tx: Transaction, steps: Sequence[Step], places: Mapping[Key, str], context: Context
) -> None:
    """Rewrite links to the entries' fullUrls, then conditional references.

    :raises Malformed: when a fullUrl stands twice.
    :raises RuleViolation: when no entry has the fullUrl of a link.
    :raises PreconditionFailed: when a conditional reference does not mean one resource.
    """
    targets = _targets(steps)
    siblings = _siblings(targets)
    changes: list[Change] = []
    for step in steps:
        change = step.decision.change
        if change is not None:
            changes.append(change)
            if change.links is not None:
                change.links.rewrite(siblings.get(_base(step.entry.full_url), targets))
    issues = [issue for change in changes for issue in _unresolved(change, places)]
    if issues:
        raise RuleViolation(issues=tuple(capped(issues)))
    found = await resolve(tx, changes, places, context)
    for change in changes:
        if change.links is not None and found:
            change.links.rewrite(found)


def _targets(steps: Sequence[Step]) -> dict[str, str]:
    targets: dict[str, str] = {}
    for step in steps:
        full_url, key = step.entry.full_url, step.decision.key
        if full_url is None or key is None:
            continue
        if targets.setdefault(full_url, str(key)) != str(key):
            raise Malformed(
                "Another entry has the same fullUrl.", expression=f"{step.entry.place}.fullUrl"
            )
    return targets


def _siblings(targets: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Add to the targets, for each base, those that entries below it may refer to relatively.

    https://hl7.org/fhir/R4/bundle.html#references
    """
    siblings: dict[str, dict[str, str]] = {}
    for full_url, target in targets.items():
        base = _base(full_url)
        if base:
            siblings.setdefault(base, {})[full_url.removeprefix(f"{base}/")] = target
    return {base: {**targets, **relative} for base, relative in siblings.items()}


def _base(full_url: str | None) -> str:
    link = parse_reference(full_url or "")
    is_restful = link.kind == "external" and link.type is not None and link.version is None
    return link.text.removesuffix(f"/{link.type}/{link.id}") if is_restful else ""


def _unresolved(change: Change, places: Mapping[Key, str]) -> list[Issue]:
    texts = change.links.references() if change.links else ()
    if not any(parse_reference(text).kind == "urn" for text in texts):
        return []
    return [
        placed(Issue("error", "not-found", _NO_ENTRY, at), change.key, places)
        for at, reference in references_in(change.after or {}, change.key.type)
        if str(reference.get("reference")).startswith(_URNS)
    ]
