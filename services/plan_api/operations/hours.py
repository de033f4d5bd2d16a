"""`CarePlan/[id]/$hours`: the weekly hours that a plan holds, against each policy.

An operation of ours; it answers Parameters and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.hours import day_of, report
from shared.care.programme_plan import activity_ids
from shared.fhir.errors import NotFound
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.store.finding import fetch
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.server.call import Call
    from shared.store.reading import Reading


async def hours(reading: Reading, call: Call) -> FhirResponse:
    """Add up the planned hours of the week of today, or of the plan's first day.

    :raises NotFound: when there is no such plan.
    """
    key = Key("CarePlan", str(call.request.id))
    plan = await fetch(reading, key)
    if plan is None:
        raise NotFound(f"There is no {key} here.")
    ids = activity_ids(plan.content, call.context.bases)
    found = [await fetch(reading, Key("ServiceRequest", each)) for each in ids]
    requests = [each.content for each in found if each is not None]
    today = call.context.now.astimezone(call.context.zone).date()
    return FhirResponse(200, write(report(requests, day_of(plan.content, today))))


HOURS: Final = Operation(
    code="hours",
    level="instance",
    types=("CarePlan",),
    handle=hours,
    opens="snapshot",
    affects_state=False,
    description="Tell the weekly hours that a plan holds, by each policy about them.",
    parameters=(
        Parameter("day", "out", "date", "The day whose week is counted.", min=1),
        Parameter(
            "policy",
            "out",
            "BackboneElement",
            "Name, version, source, minimum and maximum of a policy, the hours planned, and "
            "whether it is met, short or over.",
            max=None,
        ),
    ),
)
