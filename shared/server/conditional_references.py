"""Conditional references of a transaction: `Type?query` in place of an id.

They may match what the transaction itself writes. So where it writes resources of a type that is
asked for, or led through, these are written, searched together with all others, and taken back,
before the real write; a transaction that writes none of these types (an import) pays nothing.
https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import FhirError, PreconditionFailed
from shared.fhir.references import Link, parse_reference, references_in
from shared.fhir.search.uses import uses_of
from shared.server.criteria import criteria
from shared.server.saving import refuse_broken_rules
from shared.store.version import Change, Key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.fhir.search.query import Query
    from shared.server.request import Context
    from shared.store.transaction import Transaction


async def resolve(
    tx: Transaction, changes: Sequence[Change], places: Mapping[Key, str], context: Context
) -> dict[str, str]:
    """Find the one resource that each conditional reference means.

    :raises PreconditionFailed: when nothing or several match.
    """
    asked = _asked(changes, places, context.bases)
    queries = {
        text: await _query(tx, link, place, context) for text, (link, place) in asked.items()
    }
    types = {name for query in queries.values() for name, _ in uses_of(query)}
    touching = [change for change in changes if change.key.type in types]
    refuse_broken_rules(touching, places, tx)
    async with tx.rehearsal(touching):
        return {
            text: str(await _target(tx, query, asked[text][1])) for text, query in queries.items()
        }


def _asked(
    changes: Sequence[Change], places: Mapping[Key, str], bases: tuple[str, ...]
) -> dict[str, tuple[Link, str]]:
    asked: dict[str, tuple[Link, str]] = {}
    for change in changes:
        texts = change.links.references() if change.links else ()
        if all("?" not in text or text in asked for text in texts):
            continue
        for location, reference in references_in(change.after or {}, change.key.type):
            link = _conditional(reference.get("reference"), bases)
            if link is not None and link.text not in asked:
                place = places[change.key] + location.removeprefix(change.key.type)
                asked[link.text] = (link, place)
    return asked


def _conditional(text: object, bases: tuple[str, ...]) -> Link | None:
    link = parse_reference(text, bases) if isinstance(text, str) else None
    return link if link is not None and link.kind == "conditional" else None


async def _target(tx: Transaction, query: Query, place: str) -> Key:
    found = await tx.matching(query)
    if len(found) != 1:
        many = "Several resources match" if found else "Nothing matches"
        raise PreconditionFailed(f"{many} this conditional reference.", expression=place)
    return Key(query.type, found[0])


async def _query(tx: Transaction, link: Link, place: str, context: Context) -> Query:
    try:
        return await criteria(tx, link.type or "", link.id or "", context)
    except FhirError as error:
        raise type(error)(error.issues[0].diagnostics, expression=place) from None
