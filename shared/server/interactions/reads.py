"""The interactions that only read, which a transaction may hold too, and the types with their own.

https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.server.interactions.audit_events import read_audit_event, search_audit_events
from shared.server.interactions.history_instance import history_instance
from shared.server.interactions.history_system import history_system
from shared.server.interactions.history_type import history_type
from shared.server.interactions.read import read
from shared.server.interactions.search import search
from shared.server.interactions.vread import vread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.server.request import Context, FhirRequest, FhirResponse
    from shared.store.reading import Reading

    Read = Callable[[Any, FhirRequest, Context], Awaitable[FhirResponse]]

READS: Final[dict[str, Read]] = {
    "read": read,
    "vread": vread,
    "history-instance": history_instance,
    "history-type": history_type,
    "history-system": history_system,
    "search-type": search,
    "search-system": search,
}
# A type that is a view of other rows than the resources'.
_OF_VIEWS: Final[dict[tuple[str, str | None], Read]] = {
    ("read", "AuditEvent"): read_audit_event,
    ("search-type", "AuditEvent"): search_audit_events,
}


async def answer_read(reading: Reading, request: FhirRequest, context: Context) -> FhirResponse:
    """Answer a read as its type does it."""
    own = _OF_VIEWS.get((request.interaction, request.type))
    return await (own or READS[request.interaction])(reading, request, context)
