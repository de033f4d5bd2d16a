"""`POST EpisodeOfCare/[id]/$decline`: a clinician declines somebody who waits for the programme.

An operation of ours. The reason, and where the person can go instead, are told to whoever
referred, in the Task and the ServiceRequest of the referral.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.admission import Refusal, declined, rejected
from services.intake_api.operations.waiting import changed, signature, waiting
from shared.feed.one_person import one_person
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import instant

if TYPE_CHECKING:
    from shared.server.call import Call
    from shared.store.finding import Found
    from shared.store.transaction import Transaction


async def decline(tx: Transaction, call: Call) -> FhirResponse:
    """Cancel the episode and reject its referral, signed by the clinician.

    :raises Forbidden: when no clinician acts.
    :raises NotFound: when there is no such episode.
    :raises Gone: when it was deleted.
    :raises Conflict: when it does not wait for the programme.
    """
    person, at = await waiting(tx, call), instant(call.context.now)
    one = call.inputs.one
    refusal = Refusal(
        one("reason"), one("reasonCode"), one("alternative"), one("alternativeReference")
    )
    changes = [
        *changed([person.episode], lambda episode: declined(episode, at), call.context),
        *changed(person.referrals, lambda referral: rejected(referral, at, refusal), call.context),
    ]
    decided = await _last_decision(tx, person.patient_id)
    sources = [each.versioned for each in (person.episode, *person.referrals, *decided)]
    signed = signature(person, changes, sources=sources, reason=refusal.text)
    [episode, *_] = await save(tx, [*changes, signed])
    return FhirResponse(200, episode.body, episode)


async def _last_decision(tx: Transaction, patient_id: str) -> list[Found]:
    """Find the level of care that the clinician had before them, if there was any."""
    person = await one_person(tx, patient_id)
    found = await find(tx, "GuidanceResponse", person.criterion)
    dated = [each for each in found if "occurrenceDateTime" in each.content]
    last = max(dated, key=lambda each: (each.version.updated, each.key.id), default=None)
    return [last] if last else []


DECLINE: Final = Operation(
    code="decline",
    level="instance",
    types=("EpisodeOfCare",),
    handle=decline,
    opens="transaction",
    affects_state=True,
    description="Decline somebody who waits for the programme, and say why and where to instead.",
    parameters=(
        Parameter("reason", "in", "string", "Why, in words that the referrer reads.", min=1),
        Parameter("reasonCode", "in", "CodeableConcept", "The same reason as a code."),
        Parameter("alternative", "in", "string", "Where the person can go instead."),
        Parameter("alternativeReference", "in", "Reference", "Who is there for them instead."),
        Parameter("return", "out", "EpisodeOfCare", "The episode, now cancelled.", min=1),
    ),
)
