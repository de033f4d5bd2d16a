"""What stands although its ground is gone is for people to decide on: they are asked to look again.

That is a referral whose stay was a mistake or somebody else's, and a plan that came into force
while its person was one with somebody in the programme, from whom they are parted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.domain.decline_review import stands
from shared.care import correction
from shared.care.automatic import Act, derived_id, provenance
from shared.care.canonical import code_system
from shared.care.correction import Acted
from shared.care.merge import may_merge
from shared.care.programme_plan import ids_of, is_in_force
from shared.care.subject import patient_of
from shared.feed.one_person import one_person, persons_merged
from shared.feed.reaction import Reaction
from shared.server.interactions.update import content_of
from shared.server.saving import save
from shared.store.finding import fetch, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

_PROGRAMME: Final = f"{code_system('programme')}|iop"
_OVER: Final = frozenset({"entered-in-error", "revoked"})


async def handle(event: Event, effects: Effects) -> None:
    """Ask about what a correction has left standing, and no more where its ground is back."""
    tx = effects.tx
    for referral in await _referrals(event, tx):
        await _ask(referral, event, effects, is_lost=await _has_lost_its_stay(referral, tx))
    persons = await persons_merged(event, tx) if event.key.type == "Patient" else []
    for person in persons:
        plans = await find(tx, "CarePlan", person.criterion, ("status", "active"))
        is_lost = len(persons) > 1 and not await _is_in_programme(person, tx)
        for plan in plans:
            if is_in_force(plan.content):
                await _ask(plan, event, effects, is_lost=is_lost)


async def _referrals(event: Event, tx: Transaction) -> list[Found]:
    """Find the referrals of our making that a write may concern."""
    if event.key.type == "Patient":
        persons = await persons_merged(event, tx)
        asked = [("patient", person.references) for person in persons]
        found = [e for each in asked for e in await find(tx, "ServiceRequest", each)]
    else:
        is_stay = event.key.type == "Encounter"
        logical_id = derived_id(str(event.key), "referral") if is_stay else event.key.id
        referral = await fetch(tx, Key("ServiceRequest", logical_id))
        found = [referral] if referral else []
    return [each for each in found if _stay_of(each, tx) is not None]


def _stay_of(referral: Found, tx: Transaction) -> str | None:
    """Name the stay for which we opened a referral; None of any other referral."""
    ids = ids_of([referral.content.get("encounter", {})], "Encounter", tx.bases)
    stays = (f"Encounter/{each}" for each in ids)
    return next((e for e in stays if derived_id(e, "referral") == referral.key.id), None)


async def _has_lost_its_stay(referral: Found, tx: Transaction) -> bool:
    patient_id = patient_of(referral.content, "subject", tx.bases)
    reference = _stay_of(referral, tx)
    if referral.content["status"] in _OVER or patient_id is None or reference is None:
        return False
    stay = await fetch(tx, Key("Encounter", reference.partition("/")[2]))
    person = await one_person(tx, patient_id)
    if stay is None or stay.content["status"] == "cancelled":
        return True
    return not stands(stay.content, person.ids, tx.bases)


async def _is_in_programme(person: OnePerson, tx: Transaction) -> bool:
    asked = (("type", _PROGRAMME), ("status", "active,onhold"))
    return bool(await find(tx, "EpisodeOfCare", person.criterion, *asked))


async def _ask(found: Found, event: Event, effects: Effects, *, is_lost: bool) -> None:
    at = instant(effects.now)
    key = Key("Task", correction.review_id(found.reference))
    version = await effects.tx.read(key)
    before = content_of(version)
    if version is not None and before is None:
        return  # what people have deleted does not come back
    if before is None:
        acted = Acted(found.reference, found.content["subject"], None, str(event.key))
        after = correction.review(acted, at) if is_lost else None
    elif is_lost:
        after = correction.asked_again(before, at)
    else:
        after = correction.withdrawn(before)
    if after is None or after == before:
        return
    source = f"{event.key}/_history/{event.version}"
    act = Act([str(key)], [source], at, "UPDATE" if before else "CREATE")
    said = Key("Provenance", effects.id_for(f"left-standing/{found.key.id}"))
    changes = [
        Change(key, "PUT", version, after, effects.now),
        Change(said, "PUT", None, provenance(correction.POLICY, act), effects.now),
    ]
    await save(effects.tx, changes)


def concerns(written: JsonObject) -> bool:
    """Tell whether a write may correct a stay or a referral, or merge or part people."""
    if written["resourceType"] == "Patient":
        return may_merge(written)
    return bool(written["meta"]["versionId"] != "1")


REACTION: Final = Reaction(
    "left_standing", frozenset({"Encounter", "ServiceRequest", "Patient"}), handle, concerns
)
