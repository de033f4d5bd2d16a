"""Reads from the record where a partner takes referrals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.progress_api.domain.exchange.partner import base_of
from shared.fhir.references import parse_reference
from shared.store.finding import fetch
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.reading import Reading
    from shared.store.transaction import Transaction


async def base_at(
    reading: Reading | Transaction, organization: str, bases: tuple[str, ...] = ()
) -> str | None:
    """Give the FHIR base of an Organization's endpoint; None where it has none."""
    found = await linked(reading, {"reference": organization}, "Organization", bases)
    named = found.content.get("endpoint", ()) if found else ()
    endpoints = [await linked(reading, each, "Endpoint", bases) for each in named]
    return base_of(each.content for each in endpoints if each)


async def linked(
    reading: Reading | Transaction, reference: JsonObject, kind: str, bases: tuple[str, ...]
) -> Found | None:
    """Read what a Reference names here, where it is of a type."""
    link = parse_reference(reference.get("reference", ""), bases)
    if link.kind != "local" or link.type != kind or link.id is None:
        return None
    return await fetch(reading, Key(kind, link.id))
