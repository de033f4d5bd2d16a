"""Reads the notices that were kept before of the same people and places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.intake_api.domain.notice.message import Notice
from services.intake_api.domain.notice.outcome import POLICY
from shared.care.canonical import POLICY as POLICY_SYSTEM
from shared.fhir.reader import read
from shared.store.finding import find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading


@dataclass(frozen=True, slots=True)
class Kept:
    """A notice that was kept, with the references of what it spoke of and of what it changed."""

    notice: Notice
    targets: frozenset[str]


async def kept_before(reading: Reading, references: Iterable[str]) -> list[Kept]:
    """Read the notices that were kept of any of these, as their Provenance tells."""
    asked = ",".join(sorted(set(references)))
    said = [each.content for each in await find(reading, "Provenance", ("target", asked))]
    targets = {bundle: _targets(each) for each in said if _is_ours(each) for bundle in _of(each)}
    if not targets:
        return []
    bundles = await reading.read_many("Bundle", sorted(targets))
    return [
        Kept(Notice(read(each.body)), targets[each.key.id])
        for each in bundles.values()
        if each.body is not None
    ]


def _is_ours(said: JsonObject) -> bool:
    who = (agent.get("who", {}).get("identifier", {}) for agent in said["agent"])
    return any(
        each.get("system") == POLICY_SYSTEM and str(each.get("value")).startswith(f"{POLICY.name}|")
        for each in who
    )


def _of(said: JsonObject) -> list[str]:
    whats = (each["what"].get("reference", "") for each in said.get("entity", ()))
    return [text.removeprefix("Bundle/") for text in whats if text.startswith("Bundle/")]


def _targets(said: JsonObject) -> frozenset[str]:
    return frozenset(each.get("reference", "") for each in said["target"])
