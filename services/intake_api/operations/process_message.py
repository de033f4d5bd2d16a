"""FHIR operation $process-message: takes a hospital's notice of an inpatient stay.

https://hl7.org/fhir/R4/messageheader-operation-process-message.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.notice.answer import answer
from services.intake_api.domain.notice.faults import read_notice
from services.intake_api.notices.keeping import Received, receive
from shared.fhir.errors import TooLarge
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.store.version import instant

if TYPE_CHECKING:
    from shared.server.call import Call
    from shared.store.transaction import Transaction


# A notice is about one stay. All of a message is kept in one transaction, which others wait for.
_MOST_ENTRIES: Final = 1_000


async def process_message(tx: Transaction, call: Call) -> FhirResponse:
    """Keep a notice with all that follows from it, and answer with a message.

    :raises TooLarge: when it has more entries than a notice may have.
    :raises RuleViolation: with everything that is wrong with the message; nothing is stored.
    """
    content = call.inputs.one("content")
    if len(content.get("entry", ())) > _MOST_ENTRIES:
        raise TooLarge(f"A notice may have at most {_MOST_ENTRIES:,} entries.")
    notice = read_notice(content)
    # Only a message that is the whole body has a text of its own.
    raw = call.request.raw if call.request.resource is content else None
    first = await receive(tx, Received(notice, raw, call.context.now))
    told = answer(notice, call.context.base, instant(first.updated))
    return FhirResponse(200, write(told))


PROCESS_MESSAGE: Final = Operation(
    code="process-message",
    level="system",
    types=(),
    handle=process_message,
    opens="transaction",
    affects_state=True,
    description=(
        "Takes a notice of an admission, transfer or discharge. A discharge from an inpatient "
        "stay opens a referral, a planned episode of care and its follow-up clocks."
    ),
    parameters=(
        Parameter("content", "in", "Bundle", "The message, which may be the whole body.", min=1),
        Parameter("return", "out", "Bundle", "The response message.", min=1),
    ),
)
