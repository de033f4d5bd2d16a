"""What a person's measures, sessions and medication show: signals are stated, and risks weighed.

They are made of all that the record holds now, so the order in which evidence comes makes no
difference, nor does a repetition; what loses its evidence is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.early_warning import resources
from services.progress_api.domain.early_warning.policy import POLICY
from services.progress_api.domain.early_warning.risk import Sign, risks
from services.progress_api.domain.early_warning.signals import signals
from services.progress_api.domain.early_warning.stated import (
    MEASURE,
    is_watched,
    stated,
    watched,
)
from services.progress_api.person_history import course_of_person, history_of
from services.progress_api.results import Basis, keep
from shared.care import session
from shared.care.subject import patient_of
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.fhir.dates import date_range, moment
from shared.server.interactions.update import content_of
from shared.store.finding import find
from shared.store.version import Key

if TYPE_CHECKING:
    from services.progress_api.domain.early_warning.stated import Stated
    from shared.feed.effects import Effects
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

# A dose that was not taken, of each type: its status, and where it tells when.
_UNTAKEN: Final = {"MedicationAdministration": "not-done", "MedicationStatement": "not-taken"}


async def handle(event: Event, effects: Effects) -> None:
    """Weigh anew what is known of the persons whom this version and the one before are about."""
    tx = effects.tx
    told = [
        content_of(await tx.read_version(event.key, number))
        for number in (event.version, event.version - 1)
    ]
    for patient_id in sorted({_whose(each, tx) for each in told if each} - {""}):
        if await has_open_episode(tx, patient_id):
            await _weigh(patient_id, event, effects)


def _whose(told: JsonObject, tx: Transaction) -> str:
    if told["resourceType"] == "Appointment":
        return session.patient_of_appointment(told, tx.bases) or ""
    return patient_of(told, "subject", tx.bases) or ""


async def _weigh(patient_id: str, event: Event, effects: Effects) -> None:
    tx = effects.tx
    course = await course_of_person(patient_id, tx)
    if course is None or course.began is None:
        return
    history = await history_of(patient_id, course, tx)
    told = await _stated(patient_id, tx)
    untaken = await _untaken(patient_id, tx)
    found = [resources.signal_observation(e, patient_id) for e in signals(told, history)]
    weighed = risks(told, untaken, history)
    found += [resources.risk_assessment(each, patient_id) for each in weighed]
    possible = [each.key for each in await _signals(patient_id, tx)]
    possible += [
        Key("RiskAssessment", resources.risk_id(outcome, patient_id))
        for outcome in resources.OUTCOMES
    ]
    basis = Basis(POLICY, [f"{event.key}/_history/{event.version}"])
    await keep(tx, found, possible, basis, effects.now)


async def _signals(patient_id: str, tx: Transaction) -> list[Found]:
    code = ("code", f"{MEASURE}|{resources.SIGNAL}")
    return await find(tx, "Observation", ("patient", f"Patient/{patient_id}"), code)


async def _stated(patient_id: str, tx: Transaction) -> list[Stated]:
    """Read what is watched, and the scores that changes were made of."""
    codes = ",".join(f"{system}|{code}" for code, system in watched().items())
    asked = (("patient", f"Patient/{patient_id}"), ("code", codes))
    found = await find(tx, "Observation", *asked)
    read = (stated(each.content, tx.zone) for each in found)
    return [each for each in read if each is not None]


async def _untaken(patient_id: str, tx: Transaction) -> list[Sign]:
    found: list[Found] = []
    for resource_type, status in _UNTAKEN.items():
        asked = (("patient", f"Patient/{patient_id}"), ("status", status))
        found += await find(tx, resource_type, *asked)
    return [_not_taken(each, tx) for each in found]


def _not_taken(found: Found, tx: Transaction) -> Sign:
    period = found.content.get("effectivePeriod", {})
    at = found.content.get("effectiveDateTime") or period.get("start")
    when = moment(date_range(at, tx.zone)[0]) if at else found.version.updated
    return Sign("medication", "Medication not taken", when, found.reference)


def concerns(content: JsonObject) -> bool:
    """Tell whether a version may be evidence, or may have been."""
    if content["resourceType"] == "Observation":
        return is_watched(content)
    if content["resourceType"] in _UNTAKEN:
        is_first = content.get("meta", {}).get("versionId") == "1"
        return not is_first or content.get("status") == _UNTAKEN[content["resourceType"]]
    return session.may_change_a_week(content)


REACTION: Final = Reaction(
    "early_warning",
    frozenset({"Appointment", "Encounter", "Observation", *_UNTAKEN}),
    handle,
    concerns=concerns,
)
