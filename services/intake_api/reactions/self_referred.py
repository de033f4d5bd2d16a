"""Somebody has referred themselves, or a person has said who it was: they are referred, once.

The answers are themselves the inbound notice, so the person need not be known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake_api.candidates import candidates
from services.intake_api.domain.notice.identity import Doubt
from services.intake_api.domain.notice.review import decided_person
from services.intake_api.domain.self_referral import POLICY, SelfReferral, is_self_referral
from services.intake_api.domain.self_referral_review import review, who
from services.intake_api.notices.elsewhere import have_written
from services.intake_api.notices.matching import key_of
from shared.care.automatic import Act, derived_id, provenance
from shared.care.subject import patient_of
from shared.feed.reaction import Reaction
from shared.fhir.errors import Malformed
from shared.server.saving import save
from shared.store.finding import Found, fetch
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject


async def response_written(event: Event, effects: Effects) -> None:
    """Refer who is known or new, and ask a person where that is not sure."""
    response = await fetch(effects.tx, event.key)
    if response is None or not is_self_referral(response.content):
        return
    referral = SelfReferral(response.content)
    await effects.tx.hold_conditions([referral.reference])
    meant = await _person(referral, effects)
    if isinstance(meant, Doubt):
        await _make([referral.alarm(None), review(referral, meant)], referral, effects)
    else:
        await _refer(response, meant, effects)


async def review_completed(event: Event, effects: Effects) -> None:
    """Refer whom a person has named."""
    task = await fetch(effects.tx, event.key)
    said = decided_person(task.content) if task else None
    if task is None or said is None:
        return
    focus = task.content.get("focus", {}).get("reference", "")
    response = await fetch(effects.tx, key_of(focus)) if focus.startswith(_RESPONSE) else None
    patient_id = patient_of({"said": {"reference": said}}, "said", effects.tx.bases)
    known = await fetch(effects.tx, Key("Patient", patient_id)) if patient_id else None
    if response is None or known is None or not is_self_referral(response.content):
        return
    # Anybody can write a Task that looks like a review; each response has one only.
    if SelfReferral(response.content).id_of("identity-review") == task.key.id:
        await _refer(response, known.content, effects)


async def _person(referral: SelfReferral, effects: Effects) -> JsonObject | Doubt:
    """Find who it is: the subject, one who is surely known, or somebody new as described."""
    tx = effects.tx
    subject = patient_of(referral.response, "subject", tx.bases)
    if subject is not None and (known := await fetch(tx, Key("Patient", subject))):
        return known.content
    told = referral.patient()
    if (made := await fetch(tx, Key("Patient", told["id"]))) is not None:
        return made.content
    if referral.is_who_unread:
        return Doubt("it says who it is otherwise than is asked", ())
    try:
        found = await candidates(tx, told, zone=tx.zone, now=effects.now)
    except Malformed:
        return Doubt("it says too little of who it is", ())
    decided = who([(str(version.key), match) for version, match in found])
    if isinstance(decided, str):
        known = await fetch(tx, key_of(decided))
        return known.content if known else told
    return told if decided is None else decided


async def _refer(response: Found, person: JsonObject, effects: Effects) -> None:
    referral, reference = SelfReferral(response.content), f"Patient/{person['id']}"
    opened = [person, *referral.opened(reference), referral.alarm(reference)]
    await _make(opened, referral, effects)
    await _name_in_alarm(referral, reference, effects)
    facts = [
        Change(_key(each), "PUT", None, each, effects.now) for each in referral.facts(reference)
    ]
    missing = [each for each in facts if await effects.tx.read(each.key) is None]
    said = response.content | {"subject": {"reference": reference}}
    if "subject" not in response.content:
        missing.append(Change(response.key, "PUT", response.version, said, effects.now))
    await have_written(effects, missing)


async def _name_in_alarm(referral: SelfReferral, person: str, effects: Effects) -> None:
    """Say in an alarm that went out before it was sure who it is."""
    alarm = await fetch(effects.tx, Key("Task", referral.id_of("safety-review")))
    if alarm is not None and "for" not in alarm.content:
        named = alarm.content | {"for": {"reference": person}}
        await save(effects.tx, [Change(alarm.key, "PUT", alarm.version, named, effects.now)])


async def _make(
    wanted: Sequence[JsonObject | None], referral: SelfReferral, effects: Effects
) -> None:
    """Make what is not there and never was, and say what for."""
    made = [
        Change(_key(each), "PUT", None, each, effects.now)
        for each in wanted
        if each is not None and await effects.tx.read(_key(each)) is None
    ]
    if made:
        act = Act([str(each.key) for each in made], [referral.reference], instant(effects.now))
        said = Key("Provenance", derived_id(effects.cause(POLICY.name), "provenance"))
        made.append(Change(said, "PUT", None, provenance(POLICY, act), effects.now))
        await save(effects.tx, made)


def _key(resource: JsonObject) -> Key:
    return Key(resource["resourceType"], resource["id"])


def _names_somebody(task: JsonObject) -> bool:
    return decided_person(task) is not None


_RESPONSE: Final = "QuestionnaireResponse/"
REACTIONS: Final = (
    Reaction(
        "self_referred", frozenset({"QuestionnaireResponse"}), response_written, is_self_referral
    ),
    Reaction("self_referral_reviewed", frozenset({"Task"}), review_completed, _names_somebody),
)
