"""One file per FHIR interaction, and the table of all.

https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.server.interactions.batch import batch
from shared.server.interactions.capabilities import capabilities
from shared.server.interactions.reads import answer_read
from shared.server.interactions.transaction import transaction
from shared.server.interactions.writes import WRITES, write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.server.definition import Opens
    from shared.server.request import Context, FhirRequest, FhirResponse


@dataclass(frozen=True, slots=True)
class InteractionEntry:
    """How an interaction runs: its function, and what the dispatcher opens for it."""

    handle: Callable[[Any, FhirRequest, Context], Awaitable[FhirResponse]]
    opens: Opens


# An operation opens what it says itself, so each is an entry of its own.
INTERACTIONS: Final[dict[str, InteractionEntry]] = {
    "capabilities": InteractionEntry(capabilities, "nothing"),
    "read": InteractionEntry(answer_read, "reading"),
    "vread": InteractionEntry(answer_read, "reading"),
    "history-instance": InteractionEntry(answer_read, "snapshot"),
    "history-type": InteractionEntry(answer_read, "reading"),
    "history-system": InteractionEntry(answer_read, "reading"),
    **dict.fromkeys(WRITES, InteractionEntry(write, "transaction")),
    "search-type": InteractionEntry(answer_read, "snapshot"),
    "search-system": InteractionEntry(answer_read, "snapshot"),
    "batch": InteractionEntry(batch, "nothing"),
    "transaction": InteractionEntry(transaction, "transaction"),
}
