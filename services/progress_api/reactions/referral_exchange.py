"""A referral between here and a partner's server: it is sent there, and each step taken here.

Without an endpoint of the partner's it is left to be fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.exchange import steps, undelivered
from services.progress_api.domain.exchange.packet import Sent, packet
from services.progress_api.domain.exchange.partner import may_be_called
from services.progress_api.domain.exchange.policy import UNANSWERED
from services.progress_api.domain.handoff.disclosure import Disclosure, is_protected
from services.progress_api.partners import base_at, linked
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.fhir.search.reading import Reading
from shared.fhir.writer import write
from shared.server.interactions.update import content_of
from shared.store.finding import Found, fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.reaction import DueTimer, Event
    from shared.fhir.reader import JsonObject

_ANSWERED: Final = "partner_answered"
_OK: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Shared:
    """A Task as a version told it, and where the partner's server finds it."""

    task: JsonObject
    there: str
    effects: Effects

    @property
    def here(self) -> str:
        """Name our own FHIR base."""
        return self.effects.tx.bases[0]

    async def linked(self, reference: JsonObject, kind: str) -> JsonObject | None:
        """Read what a Reference names here, where it is of a type."""
        found = await linked(self.effects.tx, reference, kind, self.effects.tx.bases)
        return found.content if found else None

    async def ask(self, method: str, path: str, body: object, purpose: str) -> None:
        """Send a request, and let somebody look at it if it is refused or not answered."""
        effects = self.effects
        await effects.send(self.there, method, path, body=write(body), purpose=purpose)
        due = effects.now + UNANSWERED
        await effects.await_answer(purpose, due, _ANSWERED, Key("Task", self.task["id"]))

    async def escalate(self, why: str, purpose: str) -> None:
        """Ask once for somebody to tell the partner in another way."""
        at = instant(self.effects.now)
        made = undelivered.escalation(self.task, why, self.effects.cause(purpose), at)
        await self.effects.send("intake", "POST", "", body=write(made), purpose=purpose)


async def handle(event: Event, effects: Effects) -> None:
    """Send a referral that was asked for, or a step that was taken, in this version."""
    after = content_of(await effects.tx.read_version(event.key, event.version))
    before = content_of(await effects.tx.read_version(event.key, event.version - 1))
    if after is None or not steps.is_shared(after):
        return
    partner = after["owner" if steps.own_party(after) == "initiator" else "requester"]
    there = await base_at(effects.tx, partner.get("reference", ""), effects.tx.bases)
    if there is None:
        return
    shared = Shared(after, there, effects)
    if steps.is_sent(before, after):
        await _send(shared)
    elif steps.is_own_step(before, after) and may_be_called(there):
        await _tell(shared)


async def _send(shared: Shared) -> None:
    bases = shared.effects.tx.bases
    patient_id = patient_of(shared.task, "for", bases)
    if patient_id is None or not await has_open_episode(shared.effects.tx, patient_id):
        return
    sent = await _gathered(shared, patient_id)
    if sent is None:
        return
    if not may_be_called(shared.there):
        await shared.escalate(undelivered.NOT_CALLED, "undelivered")
    elif not await _permits(sent, shared.effects):
        await shared.escalate(undelivered.NOT_PERMITTED, "undelivered")
    else:
        told = sent.summary if sent.summary and sent.document else sent.request
        await shared.effects.disclose(told, f"Organization/{sent.owner['id']}", "packet")
        await shared.ask("POST", "", packet(sent), "packet")


async def _gathered(shared: Shared, patient_id: str) -> Sent | None:
    task = shared.task
    patient = await fetch(shared.effects.tx, Key("Patient", patient_id))
    request = await shared.linked(task.get("focus", {}), "ServiceRequest")
    owner = await shared.linked(task["owner"], "Organization")
    if patient is None or request is None or owner is None or "requester" not in task:
        return None
    named = [each.get("valueReference", {}) for each in task.get("input", ())]
    summaries = [await shared.linked(each, "DocumentReference") for each in named]
    summary = next(filter(None, summaries), None)
    attached = summary["content"][0]["attachment"].get("url", "") if summary else ""
    asking = [task["requester"], summary.get("custodian", {}) if summary else {}]
    organizations = [await shared.linked(each, "Organization") for each in asking]
    return Sent(
        shared.here,
        shared.there,
        task,
        request,
        patient.content,
        owner,
        requester=next(filter(None, organizations), None),
        summary=summary,
        document=await shared.linked({"reference": attached}, "Bundle"),
    )


async def _permits(sent: Sent, effects: Effects) -> bool:
    patient = f"Patient/{sent.patient['id']}"
    given = await find(effects.tx, "Consent", ("patient", patient), ("status", "active"))
    texts = Reading(effects.tx.zone, effects.tx.bases, effects.now)
    owner = f"Organization/{sent.owner['id']}"
    disclosure = Disclosure([each.content for each in given], owner, texts)
    # What is inside the document was chosen when it was made.
    return all(map(disclosure.permits, (sent.patient, sent.request, sent.task)))


async def _tell(shared: Shared) -> None:
    task, here, there = shared.task, shared.here, shared.there
    path = steps.path_there(task, here, there)
    if path is None:
        return
    outputs = []
    for number, each in enumerate(task.get("output", ())):
        found = await _named(each.get("valueReference", {}), shared)
        visit = steps.visit(found, task, here, there) if found else None
        if visit is not None:
            await shared.ask("PUT", f"Encounter/{visit['id']}", visit, f"visit-{number}")
        outputs.append(steps.output(each, found, visit, here))
    await shared.ask("PATCH", path, steps.patch(task, outputs), "step")


async def _named(reference: JsonObject, shared: Shared) -> JsonObject | None:
    """Read a visit or an appointment of the same person that may be told."""
    for kind in ("Encounter", "Appointment"):
        found = await shared.linked(reference, kind)
        if found is not None and not is_protected(found):
            return found
    return None


async def answered(timer: DueTimer, effects: Effects) -> None:
    """Let a person look at what a partner refused, or did not answer."""
    task: Found | None = await fetch(effects.tx, timer.key)
    status = await effects.answer()
    if task is None or status in _OK:
        return
    why = undelivered.UNANSWERED if status is None else undelivered.refused(status)
    await Shared(task.content, "", effects).escalate(why, "undelivered")


REACTION: Final = Reaction("referral_exchange", frozenset({"Task"}), handle, steps.is_shared)
TIMERS: Final = {_ANSWERED: answered}
