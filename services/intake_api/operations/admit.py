"""`POST EpisodeOfCare/[id]/$admit`: a clinician admits somebody who waits for the programme.

An operation of ours. The level of care is decided anew in the same transaction: danger blocks,
and an outcome that does not recommend the programme needs the clinician's reason. Where all places
are taken, the person waits for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.admission import (
    accepted,
    admitted,
    refuse_unless_admissible,
    waitlisted,
)
from services.intake_api.domain.level_of_care.library import DEFAULT
from services.intake_api.operations.assessing import findings
from services.intake_api.operations.placing import has_room, placed
from services.intake_api.operations.waiting import changed, signature, waiting
from shared.care.episode import is_programme
from shared.care.places import TRACKS
from shared.feed.one_person import one_person
from shared.fhir.errors import Conflict, Malformed
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import instant

if TYPE_CHECKING:
    from services.intake_api.operations.waiting import Waiting
    from shared.server.call import Call
    from shared.server.request import Context
    from shared.store.transaction import Transaction
    from shared.store.version import Change


async def admit(tx: Transaction, call: Call) -> FhirResponse:
    """Make the episode active and accept its referral, or let it wait, signed by the clinician.

    :raises Malformed: when there is no such track.
    :raises Forbidden: when no clinician acts.
    :raises NotFound: when there is no such episode.
    :raises Gone: when it was deleted.
    :raises Conflict: when it does not wait for the programme, the person is in it already, or the
        level of care forbids it.
    """
    track, now = track_told(call), call.context.now
    person = await waiting(tx, call)
    found = await findings(tx, person.patient_id, DEFAULT, now)
    # Asked after the findings, which let nobody else decide on this person until the commit.
    await _refuse_twice(tx, person.patient_id)
    reason = call.inputs.one("reason")
    refuse_unless_admissible(found.assessment, reason)
    changes = await _decided(tx, person, track, call.context)
    if not changes:
        await save(tx, found.changes)
        return FhirResponse(200, person.episode.version.body, person.episode.version)
    signed = signature(person, changes, sources=[found.versioned], reason=reason)
    [episode, *_] = await save(tx, [*changes, signed, *found.changes])
    return FhirResponse(200, episode.body, episode)


async def _decided(
    tx: Transaction, person: Waiting, track: str | None, context: Context
) -> list[Change]:
    """Give the person a place, or one on the waitlist; nothing where they wait there already."""
    at, episode = instant(context.now), person.episode.content
    wanted = await placed(tx, episode, person.patient_id, track)
    if await has_room(tx, wanted):
        return [
            *changed([person.episode], lambda _: admitted(wanted, at), context),
            *changed(person.referrals, lambda referral: accepted(referral, at), context),
        ]
    waits = waitlisted(wanted, at)
    return changed([person.episode], lambda _: None if waits == episode else waits, context)


def track_told(call: Call) -> str | None:
    """Give the track that is told; None where none is.

    :raises Malformed: when there is no such track.
    """
    track: str | None = call.inputs.one("track")
    if track is not None and track not in TRACKS:
        raise Malformed(f"There is no such track; it is {' or '.join(TRACKS)}.")
    return track


async def _refuse_twice(tx: Transaction, patient_id: str) -> None:
    person = await one_person(tx, patient_id)
    for each in await find(tx, "EpisodeOfCare", person.criterion, ("status", "active,onhold")):
        if is_programme(each.content):
            raise Conflict(f"The person is in the programme already, by {each.reference}.")


ADMIT: Final = Operation(
    code="admit",
    level="instance",
    types=("EpisodeOfCare",),
    handle=admit,
    opens="transaction",
    affects_state=True,
    description=(
        "Admit somebody who waits for the programme. An exclusion that holds and a safety "
        "exclusion that is not known block it. Where all places are taken, the person waits."
    ),
    parameters=(
        Parameter(
            "reason",
            "in",
            "string",
            "Why the clinician admits although the level of care does not recommend it.",
        ),
        Parameter("track", "in", "code", "When sessions suit: day or evening; else as preferred."),
        Parameter(
            "return", "out", "EpisodeOfCare", "The episode, now active or on the waitlist.", min=1
        ),
    ),
)
