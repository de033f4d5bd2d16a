"""Conditional references of a transaction: `Type?query` in place of an id.

They may match what the transaction itself writes, so they are resolved after everything else is
known and before anything is written. Criteria that are themselves references see the links that
are rewritten by then.
https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from shared.fhir.errors import InvalidSearch, PreconditionFailed
from shared.fhir.references import Link, parse_reference, references_in
from shared.fhir.search.index import index
from shared.fhir.search.match import matches
from shared.fhir.search.parse import parse
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
    return {
        text: str(await _target(tx, link, place, changes, context))
        for text, (link, place) in asked.items()
    }


def _asked(
    changes: Sequence[Change], places: Mapping[Key, str], bases: tuple[str, ...]
) -> dict[str, tuple[Link, str]]:
    asked: dict[str, tuple[Link, str]] = {}
    for change in changes:
        for location, reference in references_in(change.after or {}, change.key.type):
            text = reference.get("reference")
            if isinstance(text, str) and "?" in text and text not in asked:
                link = parse_reference(text, bases)
                if link.kind == "conditional":
                    place = places[change.key] + location.removeprefix(change.key.type)
                    asked[text] = (link, place)
    return asked


async def _target(
    tx: Transaction, link: Link, place: str, changes: Sequence[Change], context: Context
) -> Key:
    query = _query(link, place, context)
    resource_type = link.type or ""
    touched = {change.key for change in changes if change.key.type == resource_type}
    stored = await tx.matching(query, limit=2 + len(touched))
    found = {Key(resource_type, each) for each in stored} - touched
    found |= {
        change.key
        for change in changes
        if change.key in touched
        and change.after is not None
        and matches(query, change.key.id, index(change.after, context.bases))
    }
    if len(found) != 1:
        many = "Several resources match" if found else "Nothing matches"
        raise PreconditionFailed(f"{many} this conditional reference.", expression=place)
    return found.pop()


def _query(link: Link, place: str, context: Context) -> Query:
    pairs = parse_qsl(link.id or "", keep_blank_values=True)
    try:
        query = parse(link.type or "", pairs, zone=context.zone, now=context.now)
    except InvalidSearch as error:
        raise InvalidSearch(error.issues[0].diagnostics, expression=place) from None
    if not query.criteria:
        raise InvalidSearch("A conditional reference needs search criteria.", expression=place)
    return query
