"""Has written what a notice changes in another owner's types, after what is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.writer import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.feed.effects import Effects
    from shared.fhir.reader import JsonObject
    from shared.store.version import Change


async def have_written(effects: Effects, changes: Sequence[Change]) -> None:
    """Send changes through the door in one transaction Bundle; each is made on what was read."""
    if changes:
        entries = [_entry(each) for each in changes]
        body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        await effects.send("intake", "POST", "", body=write(body), purpose="notice")


def _entry(change: Change) -> JsonObject:
    before = change.before
    condition = {"ifNoneMatch": "*"} if before is None else {"ifMatch": f'W/"{before.number}"'}
    request = {"method": "PUT", "url": str(change.key)} | condition
    return {"resource": change.after, "request": request}
