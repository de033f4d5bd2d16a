"""Links between the entries of a transaction, rewritten in the resources themselves.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import Malformed
from shared.fhir.references import references_in
from shared.server.conditional_references import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.server.request import Context
    from shared.server.steps import Step
    from shared.store.transaction import Transaction
    from shared.store.version import Change, Key


async def link(
    tx: Transaction, steps: Sequence[Step], places: Mapping[Key, str], context: Context
) -> None:
    """Rewrite links to the entries' fullUrls, then conditional references.

    :raises Malformed: when a fullUrl stands twice, or a link's is missing.
    :raises PreconditionFailed: when a conditional reference does not mean one resource.
    """
    targets = _targets(steps)
    changes = [step.change for step in steps if step.change is not None]
    for change in changes:
        if change.links is not None:
            change.links.rewrite(targets)
            _refuse_unresolved(change, places[change.key])
    found = await resolve(tx, changes, places, context)
    for change in changes:
        if change.links is not None and found:
            change.links.rewrite(found)


def _targets(steps: Sequence[Step]) -> dict[str, str]:
    targets: dict[str, str] = {}
    for step in steps:
        full_url = step.entry.full_url
        if full_url is not None and targets.setdefault(full_url, str(step.key)) != str(step.key):
            raise Malformed(
                "Another entry has the same fullUrl.", expression=f"{step.entry.place}.fullUrl"
            )
    return targets


def _refuse_unresolved(change: Change, place: str) -> None:
    texts = change.links.references() if change.links else ()
    if not any(text.startswith("urn:uuid:") for text in texts):
        return
    for at, reference in references_in(change.after or {}, change.key.type):
        if str(reference.get("reference")).startswith("urn:uuid:"):
            raise Malformed(
                "No entry of the transaction has this fullUrl.",
                expression=place + at.removeprefix(change.key.type),
            )
