"""Looks up in the record what a notice speaks of, by identifiers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.notice.message import identifiers
from shared.store.finding import find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from services.intake_api.domain.notice.identity import Identity
    from shared.store.finding import Found
    from shared.store.reading import Reading

_SEPARATORS: Final = re.compile(r"([\\,|$])")


async def references(reading: Reading, wanted: Iterable[Identity]) -> dict[Identity, str]:
    """Give the reference of each identity: what is known by an identifier, else a derived one."""
    by_type: dict[str, set[Identity]] = {}
    for each in wanted:
        by_type.setdefault(each.type, set()).add(each)
    found: dict[Identity, str] = {}
    for same_type in by_type.values():
        known = await sharing(reading, same_type)
        found |= {each: _reference(each, known) for each in same_type}
    return found


async def sharing(reading: Reading, wanted: Collection[Identity]) -> list[Found]:
    """Find the resources that share an identifier with identities of one type."""
    tokens = sorted({_token(*each) for identity in wanted for each in identity.identifiers})
    if not tokens:
        return []
    resource_type = next(iter(wanted)).type
    return await find(reading, resource_type, ("identifier", ",".join(tokens)))


def conditions(identity: Identity) -> list[str]:
    """Name what must be held so that nobody else makes the same person or stay meanwhile."""
    # As a conditional create names it, so that the two exclude each other.
    pairs = ([("identifier", _token(*each))] for each in identity.identifiers)
    return [f"{identity.type}?{pair}" for pair in pairs] or [identity.reference]


def key_of(reference: str) -> Key:
    """Read a relative reference."""
    resource_type, _, logical_id = reference.partition("/")
    return Key(resource_type, logical_id)


def _reference(identity: Identity, known: Iterable[Found]) -> str:
    wanted = set(identity.identifiers)
    sharing = (each for each in known if wanted & set(identifiers(each.content)))
    first = next(sharing, None)
    return identity.reference if first is None else first.reference


def _token(system: str, value: str) -> str:
    return "|".join(_SEPARATORS.sub(r"\\\1", each) for each in (system, value))
