"""`POST [base]/$clock`: moves the record's clock forward, on an open server only.

An operation of ours; its Parameters hold one `instant` (`valueInstant`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from shared.feed.clock import advance
from shared.fhir.errors import Malformed
from shared.fhir.validation import validate
from shared.fhir.writer import write
from shared.server.definition import Operation
from shared.server.request import FhirResponse
from shared.store.version import instant

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.engine import Engine
    from shared.server.request import Context, FhirRequest


async def move_clock(engine: Engine, request: FhirRequest, _context: Context) -> FhirResponse:
    """Move the clock; every timer that is due by then has fired when this answers.

    :raises Malformed: when the body does not name an instant.
    :raises RuleViolation: when the instant has passed.
    :raises Unavailable: when something that must happen first does not.
    """
    await advance(engine.store, _target(request.resource))
    told = {"name": "instant", "valueInstant": instant(engine.store.now())}
    return FhirResponse(200, write({"resourceType": "Parameters", "parameter": [told]}))


def _target(parameters: JsonObject | None) -> datetime:
    if parameters is None or parameters.get("resourceType") != "Parameters":
        raise Malformed("$clock takes Parameters with an instant.", expression="Parameters")
    issues = validate(parameters)
    if issues:
        raise Malformed(issues=tuple(issues))
    for parameter in parameters.get("parameter", ()):
        if parameter.get("name") == "instant" and "valueInstant" in parameter:
            return datetime.fromisoformat(parameter["valueInstant"])
    raise Malformed(
        "$clock needs a parameter `instant` with a valueInstant.",
        expression="Parameters.parameter",
    )


CLOCK: Final = Operation(
    code="clock",
    level="system",
    types=(),
    handle=move_clock,
    affects_state=True,
    description="Move the record's clock forward to an instant, firing every timer due by then.",
)
