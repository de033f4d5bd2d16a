"""What becomes of a proposal, its draft orders and its Task when what it rests on is corrected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import review
from services.plan_api.domain.bundle import Seen, put, put_instead, put_new, transaction
from shared.care import correction
from shared.care.automatic import Act, provenance
from shared.care.correction import Acted
from shared.care.reconcile import Manner, reconciled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject

_NOTE: Final = {"text": correction.TEXT}


@dataclass(frozen=True, slots=True)
class Standing:
    """A proposal with the orders and the Task that came with it, and the Task of a correction.

    `who` accepted it, if anybody did; `observation` is what it rests on, None where that is gone or
    calls for nothing.
    """

    proposal: Seen
    orders: Sequence[Seen]
    tasks: Sequence[Seen]
    correction: Seen | None
    who: str | None
    observation: JsonObject | None
    ground: str


def followed(standing: Standing, source: str, recorded: str, said_id: str) -> JsonObject | None:
    """Ask for what follows from the ground as it is now; None where nothing does."""
    all_seen = [standing.proposal, *standing.orders, *standing.tasks]
    all_seen += [standing.correction] if standing.correction else []
    present = {each.reference: each for each in all_seen}
    contents = {name: each.content for name, each in present.items()}
    written = reconciled(_wanted(standing, recorded), contents, _MANNER)
    if not written:
        return None
    entries = [
        put_instead(present[name], after) if name in present else put_new(after)
        for name, after in written.items()
    ]
    act = Act(sorted(written), [source], recorded, "UPDATE")
    said = provenance(correction.POLICY, act) | {"id": said_id, "reason": [correction.REASON]}
    return transaction([*entries, put(said)])


def is_by_us(tasks: Sequence[Seen]) -> bool:
    """Tell whether it was us who revoked a proposal: its Task says so."""
    return any(correction.is_withdrawn(each.content) for each in tasks)


def _wanted(standing: Standing, recorded: str) -> dict[str, JsonObject]:
    """Name what is to stand: with its ground all of it, without only what was acted on."""
    proposal = standing.proposal
    if standing.observation is None:
        is_accepted = proposal.content["status"] == "completed"
        wanted = {proposal.reference: proposal.content} if is_accepted else {}
        return wanted | (_asked_again(standing, recorded) if is_accepted else {})
    cited = proposal.content | {"supportingInfo": review.cited(standing.observation)}
    if proposal.content["status"] == "draft":
        stands: list[JsonObject] = [cited, *(each.content for each in standing.orders)]
    elif is_by_us(standing.tasks):
        stands = [_open_again(cited), *(_drafted(each.content) for each in standing.orders)]
    else:
        stands = [proposal.content, *(each.content for each in standing.orders)]
    stands += [correction.restored(each.content) for each in standing.tasks]
    return {f"{each['resourceType']}/{each['id']}": each for each in stands}


def _asked_again(standing: Standing, recorded: str) -> dict[str, JsonObject]:
    subject = standing.proposal.content["subject"]
    if standing.correction is not None:
        task = correction.asked_again(standing.correction.content, recorded)
    else:
        acted = Acted(standing.proposal.reference, subject, standing.who, standing.ground)
        task = correction.review(acted, recorded)
    return {f"Task/{task['id']}": task}


def _open_again(proposal: JsonObject) -> JsonObject:
    notes = [each for each in proposal.get("note", ()) if each != _NOTE]
    rest = {name: value for name, value in proposal.items() if name != "note"}
    return rest | {"status": "draft"} | ({"note": notes} if notes else {})


def _drafted(order: JsonObject) -> JsonObject:
    return order | ({"status": "draft"} if order["status"] == "revoked" else {})


def _revised(before: JsonObject | None, wanted: JsonObject) -> JsonObject | None:
    return None if before == wanted else wanted


def _withdrawn(before: JsonObject) -> JsonObject | None:
    if before["resourceType"] == "Task":
        return correction.withdrawn(before)
    if before["status"] != "draft":
        return None
    noted = {"note": [*before.get("note", ()), _NOTE]}
    return before | {"status": "revoked"} | noted


_MANNER: Final = Manner(_revised, _withdrawn)
