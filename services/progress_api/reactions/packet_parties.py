"""Who or what a packet names is another than it says: each open handoff's packet is amended.

An Organization may be in many packets, so each is looked at by itself, by a timer that is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.amended import cause_of
from services.progress_api.domain.handoff.document import AROUND
from services.progress_api.reactions import packet_corrected
from shared.care.automatic import derived_id
from shared.feed.reaction import Reaction
from shared.store.finding import find

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from shared.fhir.reader import JsonObject

_LOOKS: Final = "packet_looked_at"
_AT_ONCE: Final = 40


async def handle(event: Event, effects: Effects) -> None:
    """Have every packet of an open handoff looked at that names what was written."""
    tx, named = effects.tx, f'"{event.key}"'.encode()
    tasks = [each.content for each in await find(tx, "Task", *packet_corrected.OPEN)]
    ids = [derived_id(cause, "document") for each in tasks if (cause := cause_of(each))]
    for start in range(0, len(ids), _AT_ONCE):
        for key, packet in (await tx.read_many("Bundle", ids[start : start + _AT_ONCE])).items():
            if packet.body and named in packet.body:
                await effects.set_timer(f"packet/{key.id}", effects.now, _LOOKS, key)


async def looked_at(timer: DueTimer, effects: Effects) -> None:
    """Amend the packet, where it tells something else now."""
    await packet_corrected.look_again(timer.key, effects)


def concerns(written: JsonObject) -> bool:
    """Tell whether a packet may have named an earlier version."""
    return bool(written["meta"]["versionId"] != "1")


REACTION: Final = Reaction("packet_parties", AROUND, handle, concerns)
TIMERS: Final = {_LOOKS: looked_at}
