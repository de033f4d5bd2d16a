"""Reads the notices that were kept before of the same person or stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake_api.domain.notice.faults import notice_in
from services.intake_api.domain.notice.outcome import POLICY
from shared.care.canonical import POLICY as POLICY_SYSTEM
from shared.fhir.reader import read
from shared.store.finding import find

if TYPE_CHECKING:
    from services.intake_api.domain.notice.message import Notice
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading


async def kept_before(reading: Reading, reference: str) -> list[Notice]:
    """Read the notices that were kept of a person or a stay, as their Provenance tells."""
    said = [each.content for each in await find(reading, "Provenance", ("target", reference))]
    ids = {bundle for each in said if _is_ours(each) for bundle in _messages(each)}
    bundles = await reading.read_many("Bundle", sorted(ids)) if ids else {}
    found = (notice_in(read(each.body)) for each in bundles.values() if each.body is not None)
    # Somebody may have made something else of a stored message.
    return [each for each in found if each is not None]


def _is_ours(said: JsonObject) -> bool:
    who = (agent.get("who", {}).get("identifier", {}) for agent in said["agent"])
    return any(
        each.get("system") == POLICY_SYSTEM and str(each.get("value")).startswith(f"{POLICY.name}|")
        for each in who
    )


def _messages(said: JsonObject) -> list[str]:
    whats = (each["what"].get("reference", "") for each in said.get("entity", ()))
    return [text.removeprefix("Bundle/") for text in whats if text.startswith("Bundle/")]
