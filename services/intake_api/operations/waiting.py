"""What an admission and a decline have in common: who waits, by which referral, who signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.intake_api.domain.admission import refuse_unless_waiting
from shared.care.automatic import Act, derived_id
from shared.care.signed import signed
from shared.care.subject import patient_of
from shared.fhir.errors import Conflict
from shared.fhir.references import parse_reference
from shared.server.actors import clinician
from shared.store.finding import fetch, find, required
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.server.request import Context
    from shared.store.finding import Found
    from shared.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Waiting:
    """An episode that waits for a clinician: whose it is, and the referrals it came by."""

    clinician: str
    episode: Found
    patient_id: str
    referrals: tuple[Found, ...]


async def waiting(tx: Transaction, call: Call) -> Waiting:
    """Find what a clinician is to decide on.

    :raises Forbidden: when no clinician acts.
    :raises NotFound: when there is no such episode.
    :raises Gone: when it was deleted.
    :raises Conflict: when it does not wait for the programme.
    """
    who = await clinician(tx, call.context)
    episode = await required(tx, Key("EpisodeOfCare", call.request.id or ""))
    refuse_unless_waiting(episode.content)
    patient_id = patient_of(episode.content, "patient", tx.bases)
    if patient_id is None:
        raise Conflict(
            "This EpisodeOfCare is of nobody in this record.", expression="EpisodeOfCare.patient"
        )
    return Waiting(who, episode, patient_id, await _referrals(tx, episode.content))


def changed(
    found: Sequence[Found], decide: Callable[[JsonObject], JsonObject | None], context: Context
) -> list[Change]:
    """Change each of what was found into what is decided; None leaves it as it is."""
    decided = ((each, decide(each.content)) for each in found)
    return [
        Change(each.key, "PUT", each.version, after, context.now)
        for each, after in decided
        if after is not None
    ]


def signature(
    by: Waiting, changes: Sequence[Change], *, sources: Sequence[str], reason: str | None
) -> Change:
    """Have the clinician sign what changes."""
    first = changes[0]
    targets = [str(change.key) for change in changes]
    act = Act(targets, sources, instant(first.now), activity="UPDATE")
    key = Key("Provenance", derived_id(f"{first.key}/{first.number}", "signature"))
    said = signed(by.clinician, act, reason=reason) | {"id": key.id}
    return Change(key, "PUT", None, said, first.now)


async def _referrals(tx: Transaction, episode: JsonObject) -> tuple[Found, ...]:
    """Find the ServiceRequests of an episode, and the Tasks about them."""
    texts = [each.get("reference", "") for each in episode.get("referralRequest", ())]
    links = [parse_reference(text, tx.bases) for text in texts]
    keys = [Key("ServiceRequest", link.id or "") for link in links if link.kind == "local"]
    requests = [each for key in keys if (each := await fetch(tx, key)) is not None]
    if not requests:
        return ()
    focus = ",".join(each.reference for each in requests)
    return (*requests, *await find(tx, "Task", ("focus", focus)))
