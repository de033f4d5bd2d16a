"""A draft plan, its team or one of its orders changed: its team is asked to sign it as it stands.

What `$apply` makes is asked for with it; here, what people write and change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain import signing
from services.plan_api.domain.bundle import put, put_new, put_over, transaction
from services.plan_api.domain.signing import Draft
from services.plan_api.writing import seen
from shared.care.automatic import Act, provenance
from shared.care.plan_signing import POLICY, SIGN_OFF
from shared.care.programme_plan import activity_ids, ids_of, is_ours
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Event, Reaction
from shared.fhir.writer import write
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.feed.effects import Effects
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found

_TASK: Final = f"{SIGN_OFF['system']}|{SIGN_OFF['code']}"
# By which a plan is found from what it names.
_NAMED_BY: Final = {"ServiceRequest": "activity-reference", "CareTeam": "care-team"}


async def handle(event: Event, effects: Effects) -> None:
    """Ask for signatures, and no more for those of a plan as it was."""
    if event.key.type == "CarePlan":
        plan = await fetch(effects.tx, event.key)
        plans = [plan] if plan is not None and is_ours(plan.content) else []
    elif event.version == 1:
        # What is new is asked about by the plan that comes to name it.
        return
    else:
        about = (_NAMED_BY[event.key.type], str(event.key))
        found = await find(effects.tx, "CarePlan", about, ("status", "draft"))
        plans = [each for each in found if signing.is_to_be_signed(each.content)]
    for each in plans:
        await ask(each, effects)


async def ask(plan: Found, effects: Effects) -> None:
    """Let those be asked who are to sign a plan as it stands, and nobody else any more."""
    patient_id = patient_of(plan.content, "subject", effects.tx.bases)
    if patient_id is None or not await has_open_episode(effects.tx, patient_id):
        return
    bases = effects.tx.bases
    draft = Draft(
        plan.content,
        await _all("ServiceRequest", activity_ids(plan.content, bases), effects),
        await _all(
            "CareTeam", ids_of(plan.content.get("careTeam", ()), "CareTeam", bases), effects
        ),
    )
    tasks = await find(effects.tx, "Task", ("focus", plan.reference), ("code", _TASK))
    gone = signing.no_longer_asked(draft, [each.content for each in tasks])
    for each in (e for e in tasks if e.content in gone):
        await _send(put_over(seen(each), {"status": "cancelled"}), plan, effects, is_new=False)
    if signing.is_to_be_signed(plan.content):
        known = {each.key.id for each in tasks}
        for task in signing.asked(draft, instant(effects.now), bases):
            if task["id"] not in known:
                await _send(put_new(task), plan, effects, is_new=True)


async def _send(entry: JsonObject, plan: Found, effects: Effects, *, is_new: bool) -> None:
    act = Act(
        targets=[entry["request"]["url"]],
        sources=[plan.versioned],
        recorded=instant(effects.now),
        activity="CREATE" if is_new else "UPDATE",
    )
    purpose = f"sign-off/{entry['resource']['id']}"
    said = provenance(POLICY, act) | {"id": effects.id_for(purpose)}
    body = write(transaction([entry, put(said)]))
    await effects.send("intake", "POST", "", body=body, purpose=purpose)


async def _all(resource_type: str, ids: Iterable[str], effects: Effects) -> list[JsonObject]:
    found = [await fetch(effects.tx, Key(resource_type, each)) for each in ids]
    return [each.content for each in found if each is not None]


def _concerns(content: JsonObject) -> bool:
    return content["resourceType"] != "CarePlan" or is_ours(content)


REACTION: Final = Reaction(
    "signatures_asked", frozenset({"CarePlan", "CareTeam", "ServiceRequest"}), handle, _concerns
)
