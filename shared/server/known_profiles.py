"""The profiles that contents are held to: StructureDefinitions in the record, by their url.

A profile holds whoever writes, so what the writer may see does not decide which are known.

https://hl7.org/fhir/R4/resource.html#Meta.profile
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.access.access import Access
from shared.fhir.definitions import type_names
from shared.store.finding import find
from shared.store.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.fhir.profiles.tree import FindProfile
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction
    from shared.store.version import Change

_FHIR: Final = "http://hl7.org/fhir/StructureDefinition/"
_SEPARATORS: Final = re.compile(r"([\\,|$])")
# Profiles that name profiles that name profiles: a bound on the reads of one write.
_ROUNDS: Final = 5
_MOST_AT_ONCE: Final = 200


async def profiles_claimed(tx: Transaction, changes: Iterable[Change]) -> FindProfile:
    """Read the profiles that contents claim to conform to, and those that these build on."""
    urls = {url for change in changes for url in claims_of(change.after)}
    everything = Access.system("profiles", tx.access.tenant)
    return await profiles_named(Reading(tx.connection, everything, tx.paging_key), urls)


def claims_of(content: JsonObject | None) -> Iterator[str]:
    """Give the profiles a content claims; what is not valid is passed over."""
    meta = (content or {}).get("meta")
    claims = meta.get("profile") if type(meta) is dict else None
    for url in claims if type(claims) is list else ():
        if type(url) is str and 0 < len(url) < 1_000:
            yield url.partition("|")[0]


async def profiles_named(reading: Reading, urls: Iterable[str]) -> FindProfile:
    """Read profiles by their urls, and those that they build on; None for one that is not known.

    Of several with one url an active one comes first, then the one that was changed last.
    """
    found: dict[str, list[Found]] = {}
    asked = set(urls)
    for _ in range(_ROUNDS):
        if not asked:
            break
        read = await _read(reading, sorted(asked)[:_MOST_AT_ONCE])
        for each in read:
            found.setdefault(each.content["url"], []).append(each)
        asked = {url for each in read for url in _named_in(each.content)} - found.keys() - asked

    def find_profile(url: str) -> JsonObject | None:
        plain, _, version = url.partition("|")
        known = [e for e in found.get(plain, ()) if version in {"", e.content.get("version")}]
        newest = max(known, key=_preference, default=None)
        return None if newest is None else newest.content

    return find_profile


def _preference(found: Found) -> tuple[bool, object]:
    return found.content.get("status") == "active", found.version.updated


async def _read(reading: Reading, urls: list[str]) -> list[Found]:
    wanted = ",".join(_SEPARATORS.sub(r"\\\1", url) for url in urls)
    return await find(reading, "StructureDefinition", ("url", wanted))


def _named_in(definition: JsonObject) -> Iterator[str]:
    for url in _all_named_in(definition):
        plain = url.partition("|")[0]
        if plain.removeprefix(_FHIR) not in type_names():
            yield plain


def _all_named_in(definition: JsonObject) -> Iterator[str]:
    if "baseDefinition" in definition:
        yield definition["baseDefinition"]
    part = definition.get("snapshot") or definition.get("differential") or {}
    for element in part.get("element", ()):
        for said in element.get("type", ()):
            yield from said.get("profile", ())
            yield from said.get("targetProfile", ())
