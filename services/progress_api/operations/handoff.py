"""`POST EpisodeOfCare/[id]/$handoff`: a clinician hands a person over to an aftercare clinic.

An operation of ours. It writes the transfer summary as a document Bundle, drafts the plan of the
aftercare, and asks the clinic by a ServiceRequest and a Task; two clocks watch that the person is
seen. Asking again, while the clinic has not declined, gives the same handoff.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.handoff.handoff import Handoff
from services.progress_api.domain.handoff.referral import transaction
from services.progress_api.operations.handoff_packet import packed
from services.progress_api.operations.handoff_record import (
    gathered,
    handoffs_of,
    lapsed_parts,
)
from services.progress_api.partners import base_at
from shared.care.episode import is_programme
from shared.care.referral import HANDOFF
from shared.care.subject import patient_of
from shared.feed.one_person import person_in
from shared.fhir.errors import Conflict, Malformed, PreconditionFailed, RuleViolation
from shared.fhir.references import parse_reference
from shared.fhir.search.reading import Reading as Texts
from shared.fhir.writer import write
from shared.server.actors import clinician
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.store.finding import fetch, required
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.server.engine import Engine
    from shared.store.finding import Found
    from shared.store.reading import Reading

_CODE: Final = f"{HANDOFF['system']}|{HANDOFF['code']}"
# After these the person has nowhere to go, and may be handed over anew.
_LAPSED: Final = frozenset({"rejected", "cancelled", "failed", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who is handed over by whom to whom, and the Tasks of earlier handoffs."""

    clinician: str
    episode: JsonObject
    patient_id: str
    recipient: str
    earlier: tuple[Found, ...]

    @property
    def standing(self) -> Found | None:
        """The handoff that stands, if any."""
        return next((e for e in self.earlier if e.content["status"] not in _LAPSED), None)


async def hand_off(engine: Engine, call: Call) -> FhirResponse:
    """Hand over, or give the handoff that stands.

    :raises Forbidden: when no clinician acts.
    :raises NotFound: when there is no such episode.
    :raises Gone: when it was deleted.
    :raises Conflict: when it is not active, is being handed over to another clinic, or may not be
        told of.
    :raises Malformed: when the recipient is no Organization.
    :raises RuleViolation: when the recipient does not exist.
    :raises Unavailable: when intake does not answer.
    """
    async with engine.reading(call.context) as reading:
        asked = await _asked(reading, call)
        if asked.standing is not None:
            return await _told(reading, asked.standing)
        bundle = await _bundle(reading, asked, call)
    # Where somebody was quicker, or the answer was lost on its way, the handoff stands already.
    with suppress(PreconditionFailed):
        await engine.siblings.ask("intake", bundle, call.context)
    async with engine.reading(call.context) as reading:
        standing = (await _asked(reading, call)).standing
        if standing is None:
            raise Conflict("The record changed while the handoff was made; ask again.")
        return await _told(reading, standing)


async def _asked(reading: Reading, call: Call) -> _Asked:
    who = await clinician(reading, call.context)
    episode = await required(reading, Key("EpisodeOfCare", call.request.id or ""))
    patient_id = patient_of(episode.content, "patient", call.context.bases)
    if patient_id is None:
        raise Conflict(
            "This EpisodeOfCare is of nobody in this record.", expression="EpisodeOfCare.patient"
        )
    recipient = await _recipient(reading, call)
    earlier = await handoffs_of(reading, episode.reference, f"Patient/{patient_id}", _CODE)
    asked = _Asked(who, episode.content, patient_id, recipient, tuple(earlier))
    _refuse_unless_active(asked)
    return asked


def _refuse_unless_active(asked: _Asked) -> None:
    if not is_programme(asked.episode):
        raise Conflict(
            "Only an EpisodeOfCare of the intensive outpatient programme is handed over.",
            expression="EpisodeOfCare.type",
        )
    if asked.episode["status"] != "active":
        raise Conflict(
            f"Only an active EpisodeOfCare is handed over; this one is {asked.episode['status']}.",
            expression="EpisodeOfCare.status",
        )
    standing = asked.standing
    if standing is not None and _reference(standing.content, "owner") != asked.recipient:
        raise Conflict(
            f"{standing.reference} hands this episode over to another clinic; "
            "it must be cancelled or declined before."
        )


async def _recipient(reading: Reading, call: Call) -> str:
    told = call.inputs.one("recipient").get("reference", "")
    link = parse_reference(told, call.context.bases)
    if link.kind != "local" or link.type != "Organization" or link.id is None:
        raise Malformed(
            "recipient must refer to an Organization of this record, such as Organization/7.",
            expression="Parameters.parameter",
        )
    if await fetch(reading, Key("Organization", link.id)) is None:
        raise RuleViolation(
            f"Organization/{link.id} does not exist here.", expression="Parameters.parameter"
        )
    return f"Organization/{link.id}"


async def _bundle(reading: Reading, asked: _Asked, call: Call) -> JsonObject:
    handoff = Handoff(
        asked.episode,
        asked.patient_id,
        asked.clinician,
        asked.recipient,
        reason=call.inputs.one("reason"),
        number=len(asked.earlier) + 1,
        now=call.context.now,
        zone=call.context.zone,
        is_plain=call.inputs.one("plain") or False,
        address=await base_at(reading, asked.recipient),
        also=(await person_in(reading, asked.patient_id, call.context.bases)).ids,
    )
    context = call.context
    texts = Texts(context.zone, (context.base, *context.bases), context.now)
    record = await gathered(reading, handoff, texts)
    lapsed = await lapsed_parts(reading, asked.earlier, record.reading)
    packet = await packed(reading, handoff, record, lapsed=lapsed, now=context.now)
    made = [packet.document, *filter(None, [packet.aftercare])]
    return transaction(handoff, made, packet.referral, last_visit=packet.last_visit, lapsed=lapsed)


async def _told(reading: Reading, task: Found) -> FhirResponse:
    """Answer with the document, the Task and the referral as they stand now."""
    inputs = task.content.get("input", ())
    said = next((_reference(each, "valueReference") for each in inputs), "")
    summary = await _linked(reading, said)
    attached = summary["content"][0]["attachment"].get("url", "") if summary else ""
    told: dict[str, Any] = {
        "document": await _linked(reading, attached),
        "task": task.content,
        "service-request": await _linked(reading, _reference(task.content, "focus")),
    }
    parameters = [{"name": name, "resource": each} for name, each in told.items() if each]
    return FhirResponse(200, write({"resourceType": "Parameters", "parameter": parameters}))


async def _linked(reading: Reading, text: str) -> JsonObject | None:
    link = parse_reference(text)
    if link.type is None or link.id is None:
        return None
    found = await fetch(reading, Key(link.type, link.id))
    return None if found is None else found.content


def _reference(resource: JsonObject, element: str) -> str:
    reference: str = resource.get(element, {}).get("reference", "")
    return reference


HANDOFF_OPERATION: Final = Operation(
    code="handoff",
    level="instance",
    types=("EpisodeOfCare",),
    handle=hand_off,
    opens="nothing",
    affects_state=True,
    description=(
        "Hand a person over to an aftercare clinic: with a transfer summary, a referral, a Task "
        "for the clinic, and two clocks. Asking again gives the handoff that stands."
    ),
    parameters=(
        Parameter("recipient", "in", "Reference", "The clinic, an Organization here.", min=1),
        Parameter("reason", "in", "string", "Why, in the clinician's words."),
        Parameter(
            "plain", "in", "boolean", "Whether the clinic keeps to the plain states of a Task."
        ),
        Parameter("document", "out", "Bundle", "The transfer summary, a document.", min=1),
        Parameter("task", "out", "Task", "What the clinic accepts or declines.", min=1),
        Parameter("service-request", "out", "ServiceRequest", "The referral.", min=1),
    ),
)
