"""`GET EpisodeOfCare/$waitlist`: who waits for a place, in order, each with the reason.

An operation of ours. The order is made anew each time, of what is known then.
https://hl7.org/fhir/R4/list.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.waitlist import as_list
from services.intake_api.operations.admit import track_told
from services.intake_api.waiting_list import waiting_list
from shared.care.places import track_of
from shared.fhir.writer import write
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.store.version import instant

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.reading import Reading


async def waitlist(reading: Reading, call: Call) -> FhirResponse:
    """List who waits, on one track or for one organization where they are named.

    :raises Malformed: when there is no such track.
    """
    track, organization = track_told(call), call.inputs.one("organization")
    places = [
        each
        for each in await waiting_list(reading, call.context.local_now, call.context.bases)
        if track is None or track_of(each.waiting.episode["type"]) in {None, track}
        if organization in {None, _organization(each.waiting.episode)}
    ]
    return FhirResponse(200, write(as_list(places, instant(call.context.now))))


def _organization(episode: JsonObject) -> str | None:
    reference: str | None = episode.get("managingOrganization", {}).get("reference")
    return reference


WAITLIST: Final = Operation(
    code="waitlist",
    level="type",
    types=("EpisodeOfCare",),
    handle=waitlist,
    opens="snapshot",
    affects_state=False,
    description="List who waits for a place in the programme, in order and with the reasons.",
    parameters=(
        Parameter("track", "in", "code", "Only who may come on this track: day or evening."),
        Parameter("organization", "in", "string", "Only who waits for this Organization/…."),
        Parameter("return", "out", "List", "Each entry is an EpisodeOfCare that waits.", min=1),
    ),
)
