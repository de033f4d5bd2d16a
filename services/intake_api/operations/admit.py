"""`POST EpisodeOfCare/[id]/$admit`: a clinician admits somebody who waits for the programme.

An operation of ours. The level of care is decided anew in the same transaction: danger blocks,
and an outcome that does not recommend the programme needs the clinician's reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.admission import accepted, admitted, refuse_unless_admissible
from services.intake_api.domain.level_of_care.library import DEFAULT
from services.intake_api.operations.assessing import findings
from services.intake_api.operations.waiting import changed, signature, waiting
from shared.care.episode import is_programme
from shared.fhir.errors import Conflict
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.server.saving import save
from shared.store.finding import find
from shared.store.version import instant

if TYPE_CHECKING:
    from shared.server.call import Call
    from shared.store.transaction import Transaction


async def admit(tx: Transaction, call: Call) -> FhirResponse:
    """Make the episode active and accept its referral, signed by the clinician.

    :raises Forbidden: when no clinician acts.
    :raises NotFound: when there is no such episode.
    :raises Gone: when it was deleted.
    :raises Conflict: when it does not wait for the programme, the person is in it already, or the
        level of care forbids it.
    """
    person, now = await waiting(tx, call), call.context.now
    found = await findings(tx, person.patient_id, DEFAULT, now)
    # Asked after the findings, which let nobody else decide on this person until the commit.
    await _refuse_twice(tx, person.patient_id)
    reason = call.inputs.one("reason")
    refuse_unless_admissible(found.assessment, reason)
    at = instant(now)
    changes = [
        *changed([person.episode], lambda episode: admitted(episode, at), call.context),
        *changed(person.referrals, lambda referral: accepted(referral, at), call.context),
    ]
    signed = signature(person, changes, sources=[found.versioned], reason=reason)
    [episode, *_] = await save(tx, [*changes, signed, *found.changes])
    return FhirResponse(200, episode.body, episode)


async def _refuse_twice(tx: Transaction, patient_id: str) -> None:
    asked = (("patient", f"Patient/{patient_id}"), ("status", "active,onhold"))
    for each in await find(tx, "EpisodeOfCare", *asked):
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
        "exclusion that is not known block it."
    ),
    parameters=(
        Parameter(
            "reason",
            "in",
            "string",
            "Why the clinician admits although the level of care does not recommend it.",
        ),
        Parameter("return", "out", "EpisodeOfCare", "The episode, now active.", min=1),
    ),
)
