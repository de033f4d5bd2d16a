"""What a person's measures, sessions and medication show: signals are stated, and risks weighed.

They are made of all that the record holds now of one person, so the order in which evidence comes
makes no difference, nor does a repetition; what loses its evidence is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.early_warning import resources
from services.progress_api.domain.early_warning.policy import POLICY, hours_policy
from services.progress_api.domain.early_warning.risk import Sign, risks
from services.progress_api.domain.early_warning.signals import signals
from services.progress_api.domain.early_warning.stated import (
    MEASURE,
    WATCHED,
    is_watched,
    stated,
)
from services.progress_api.person_history import course_of_person, history_of
from services.progress_api.results import Basis, keep, stands
from shared.care import session
from shared.care.merge import may_merge
from shared.care.programme_plan import is_in_force
from shared.care.required_hours import age_on
from shared.care.subject import patient_of
from shared.feed.one_person import one_person, persons_merged
from shared.feed.open_episode import has_open_episode
from shared.feed.reaction import Reaction
from shared.fhir.dates import date_range, moment
from shared.server.interactions.update import content_of
from shared.store.finding import fetch, find
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.progress_api.domain.early_warning.stated import Stated
    from services.progress_api.domain.measures.course import Course
    from shared.care.weekly_hours import HoursPolicy
    from shared.feed.effects import Effects
    from shared.feed.one_person import OnePerson
    from shared.feed.reaction import Event
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

# A dose that was not taken, of each type: its status, and where it tells when.
_UNTAKEN: Final = {"MedicationAdministration": "not-done", "MedicationStatement": "not-taken"}


async def handle(event: Event, effects: Effects) -> None:
    """Weigh anew what is known of the persons whom this version and the one before are about."""
    for person in await _persons(event, effects.tx):
        is_in_care = await has_open_episode(effects.tx, person.survivor)
        if is_in_care or event.key.type == "Patient":
            await _weigh(person, event, effects, is_in_care=is_in_care)


async def _persons(event: Event, tx: Transaction) -> list[OnePerson]:
    if event.key.type == "Patient":
        return await persons_merged(event, tx)
    told = [
        content_of(await tx.read_version(event.key, number))
        for number in (event.version, event.version - 1)
    ]
    whose = sorted({_whose(each, tx) for each in told if each} - {""})
    return list(dict.fromkeys([await one_person(tx, each) for each in whose]))


def _whose(told: JsonObject, tx: Transaction) -> str:
    if told["resourceType"] == "Appointment":
        return session.patient_of_appointment(told, tx.bases) or ""
    return patient_of(told, "subject", tx.bases) or ""


async def _weigh(person: OnePerson, event: Event, effects: Effects, *, is_in_care: bool) -> None:
    tx = effects.tx
    course = await course_of_person(person, tx)
    if course is not None and course.began is not None:
        if not is_in_care:
            return  # what was known of them when they left care stands
        found = await _found(person, course, effects)
    elif event.key.type == "Patient":
        found = []  # somebody who was parted from who is in care
    else:
        return
    correcting = [f"{event.key}/_history/{event.version}"] if event.key.type == "Patient" else []
    wanted = {Key(each["resourceType"], each["id"]): each for each in found}
    for key in dict.fromkeys([*wanted, *await _possible(person, tx)]):
        told, before = wanted.get(key), content_of(await tx.read(key))
        # Of what stands nobody need know what it rests on.
        if stands(before, told):
            continue
        rests_on = await _rests_on([before, told], tx)
        sources = [*rests_on, *correcting] or [f"Patient/{person.survivor}"]
        await keep(tx, [told] if told else [], [key], Basis(POLICY, sources), effects.now)


async def _rests_on(told: Iterable[JsonObject | None], tx: Transaction) -> list[str]:
    """Name the evidence that is and was cited, as it stands: whichever write led here."""
    cited = [each for one in told if one for each in resources.cited(one)]
    found = [await fetch(tx, Key(*each.split("/"))) for each in sorted(set(cited))]
    return [each.versioned for each in found if each is not None]


async def _found(person: OnePerson, course: Course, effects: Effects) -> list[JsonObject]:
    tx = effects.tx
    history = await history_of(person, course, tx)
    hours = await _hours(person, effects)
    told = await _stated(person, tx, hours)
    found = signals(told, history, hours)
    shown = [resources.signal_observation(each, person.survivor) for each in found]
    weighed = risks(told, await _untaken(person, tx), history)
    return [*shown, *(resources.risk_assessment(each, person.survivor) for each in weighed)]


async def _hours(person: OnePerson, effects: Effects) -> HoursPolicy:
    """Find the policy about hours of the person's programme."""
    tx = effects.tx
    plans = await find(tx, "CarePlan", person.criterion, ("status", "active"))
    patient = await fetch(tx, Key("Patient", person.survivor))
    today = effects.now.astimezone(tx.zone).date()
    age = age_on(today, patient.content if patient else None)
    return hours_policy((e.content for e in plans if is_in_force(e.content)), age)


async def _possible(person: OnePerson, tx: Transaction) -> list[Key]:
    """Name all that can have been stated, about whichever of the person's Patients."""
    code = ("code", f"{MEASURE}|{resources.SIGNAL}")
    signs = [each.key for each in await find(tx, "Observation", person.criterion, code)]
    return signs + [
        Key("RiskAssessment", resources.risk_id(outcome, patient_id))
        for outcome in resources.OUTCOMES
        for patient_id in person.ids
    ]


async def _stated(person: OnePerson, tx: Transaction, hours: HoursPolicy) -> list[Stated]:
    """Read what is watched, and the scores that changes were made of."""
    codes = ",".join(f"{system}|{code}" for code, system in WATCHED.items())
    found = await find(tx, "Observation", person.criterion, ("code", codes))
    read = (stated(each.content, tx.zone, hours) for each in found)
    return [each for each in read if each is not None]


async def _untaken(person: OnePerson, tx: Transaction) -> list[Sign]:
    found: list[Found] = []
    for resource_type, status in _UNTAKEN.items():
        found += await find(tx, resource_type, person.criterion, ("status", status))
    return [_not_taken(each, tx) for each in found]


def _not_taken(found: Found, tx: Transaction) -> Sign:
    period = found.content.get("effectivePeriod", {})
    at = found.content.get("effectiveDateTime") or period.get("start")
    when = moment(date_range(at, tx.zone)[0]) if at else found.version.updated
    return Sign("medication", "Medication not taken", when, found.reference)


def concerns(content: JsonObject) -> bool:
    """Tell whether a version may be evidence, or may have been."""
    if content["resourceType"] == "Patient":
        return may_merge(content)
    if content["resourceType"] == "Observation":
        return is_watched(content)
    if content["resourceType"] in _UNTAKEN:
        is_first = content.get("meta", {}).get("versionId") == "1"
        return not is_first or content.get("status") == _UNTAKEN[content["resourceType"]]
    return session.may_change_a_week(content)


_EVIDENCE: Final = frozenset({"Appointment", "Encounter", "Observation", *_UNTAKEN})
REACTION: Final = Reaction(
    "early_warning",
    _EVIDENCE | {"Patient"},
    handle,
    concerns=concerns,
    by_person=_EVIDENCE,
)
