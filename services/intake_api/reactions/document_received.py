"""A transfer document has come in: what it tells of a stay is kept, and the person referred, once.

The document is itself the inbound notice, so the person need not be known.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.notice.document import document_in
from services.intake_api.notices.attempt import kept_or_told
from services.intake_api.notices.keeping import Received, take
from shared.care.transfer_document import is_transfer_document
from shared.feed.reaction import Reaction
from shared.store.finding import fetch

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event


async def handle(event: Event, effects: Effects) -> None:
    """Keep what the document tells, whichever version the event is of."""
    stored = await fetch(effects.tx, event.key)
    document = document_in(stored.content) if stored else None
    if stored is not None and document is not None:
        received = Received(document, None, effects.now)
        await kept_or_told(effects, document, stored, partial(take, effects.tx, received))


REACTION: Final = Reaction("document_received", frozenset({"Bundle"}), handle, is_transfer_document)
