"""`POST [base]/$clock`: moves the record's clock forward, on an open server only.

An operation of ours; its Parameters hold one `instant` (`valueInstant`), or none to
be told the time.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from shared.feed.clock import advance
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.store.version import instant

if TYPE_CHECKING:
    from shared.server.call import Call
    from shared.server.engine import Engine


async def move_clock(engine: Engine, call: Call) -> FhirResponse:
    """Move the clock, if told where to, and tell what time it is.

    Every timer that is due by then has fired when this answers.

    :raises RuleViolation: when the instant has passed.
    :raises Unavailable: when something that must happen first does not.
    """
    to = call.inputs.one("instant")
    if to is not None:
        await advance(engine.store, datetime.fromisoformat(to))
    told = {"name": "instant", "valueInstant": instant(engine.store.now())}
    return FhirResponse(200, write({"resourceType": "Parameters", "parameter": [told]}))


CLOCK: Final = Operation(
    code="clock",
    level="system",
    types=(),
    handle=move_clock,
    opens="nothing",
    affects_state=True,
    description="Move the record's clock forward to an instant, firing every timer due by then.",
    parameters=(
        Parameter("instant", "in", "instant", "The moment to move the clock to."),
        Parameter("instant", "out", "instant", "The record's time now.", min=1),
    ),
)
