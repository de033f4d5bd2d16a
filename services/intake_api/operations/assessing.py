"""Gathers the evidence about one person, and writes down what a criteria set makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.intake_api.domain.level_of_care import safety_hold
from services.intake_api.domain.level_of_care.assessment import Assessment, assess
from services.intake_api.domain.level_of_care.evidence import Evidence, Moment
from services.intake_api.domain.level_of_care.guidance import POLICY, guidance, guidance_id
from services.intake_api.domain.level_of_care.valuation import needed
from shared.care.automatic import Act, derived_id, provenance
from shared.care.episode import is_programme
from shared.feed.one_person import one_person, person_then
from shared.server.interactions.update import content_of
from shared.store.as_of import as_of
from shared.store.finding import Found, find
from shared.store.version import Change, Key, instant

if TYPE_CHECKING:
    from datetime import datetime

    from services.intake_api.domain.level_of_care.criteria_set import CriteriaSet
    from shared.feed.one_person import OnePerson
    from shared.store.transaction import Transaction

_OPEN_EPISODE = ("status", "planned,waitlist,active,onhold")


@dataclass(frozen=True, slots=True)
class Findings:
    """An assessment of one person: where its GuidanceResponse stands, and what is to be written."""

    assessment: Assessment
    guidance: Key
    standing: Found | None
    changes: tuple[Change, ...]

    @property
    def versioned(self) -> str:
        """Refer to the version of the GuidanceResponse that tells it."""
        for change in self.changes:
            if change.key == self.guidance:
                return f"{change.key}/_history/{change.number}"
        return self.standing.versioned if self.standing else str(self.guidance)


async def findings(
    tx: Transaction, patient_id: str, criteria_set: CriteriaSet, now: datetime
) -> Findings:
    """Assess a person, and say what changes: nothing, where the last decision still stands."""
    # One at a time for each person, so that the last decision is the one of the last evidence.
    await tx.hold_conditions([f"level of care of Patient/{patient_id}"])
    moment = Moment(now, tx.zone, tx.bases)
    person = await one_person(tx, patient_id)
    assessment = assess(criteria_set, await _pool(tx, person, criteria_set), moment)
    key = Key("GuidanceResponse", guidance_id(assessment, patient_id))
    current = await tx.read(key)
    content = content_of(current)
    standing = Found(current, content) if current and content else None
    changes = await _holds(tx, assessment, (patient_id, person), now)
    if standing is None or not await _is_last(tx, standing, patient_id):
        told = guidance(assessment, patient_id, instant(now))
        changes.insert(0, Change(key, "PUT", current, told, now))
    return Findings(assessment, key, standing, (*changes, *_said(assessment, patient_id, changes)))


async def replayed(
    tx: Transaction, patient_id: str, criteria_set: CriteriaSet, at: datetime
) -> Assessment:
    """Assess a person by the record as it stood at an instant; nothing is to be written."""
    types = [resource_type for resource_type, _ in needed(criteria_set)]
    person = await person_then(tx, patient_id, tx.bases, at)
    found = {e.key: e for id_ in person.ids for e in await as_of(tx, types, id_, at)}
    pool = [
        Evidence(each.versioned, each.content)
        for each in found.values()
        if each.key.type != "Patient" or each.key.id == person.survivor
    ]
    return assess(criteria_set, pool, Moment(at, tx.zone, tx.bases))


async def _pool(tx: Transaction, person: OnePerson, criteria_set: CriteriaSet) -> list[Evidence]:
    """Find what is known of a person, under whichever of their Patients."""
    return [
        Evidence(each.versioned, each.content)
        for resource_type, criteria in needed(criteria_set)
        for each in await find(tx, resource_type, _of(resource_type, person), *criteria)
    ]


def _of(resource_type: str, person: OnePerson) -> tuple[str, str]:
    # Who they are, the Patient says who stands for them.
    return ("_id", person.survivor) if resource_type == "Patient" else person.criterion


async def _is_last(tx: Transaction, standing: Found, patient_id: str) -> bool:
    """Tell whether no other decision by the same set came after one that is to be told again."""
    found = await find(tx, "GuidanceResponse", ("patient", f"Patient/{patient_id}"))
    module = standing.content["moduleCanonical"]
    times = [
        each.content.get("occurrenceDateTime", "")
        for each in found
        if each.content.get("moduleCanonical") == module
    ]
    return bool(max(times) == standing.content["occurrenceDateTime"])


async def _holds(
    tx: Transaction, assessment: Assessment, whose: tuple[str, OnePerson], now: datetime
) -> list[Change]:
    """Hold a person while safety is unknown, by one open Task; complete it when it is known."""
    patient_id, person = whose
    code = f"{safety_hold.SAFETY_HOLD['system']}|{safety_hold.SAFETY_HOLD['code']}"
    held = ("code", code), ("status", safety_hold.OPEN)
    holds = await find(tx, "Task", person.criterion, *held)
    if not assessment.unknown_safety:
        told = f"GuidanceResponse/{guidance_id(assessment, patient_id)}"
        return [
            Change(
                each.key,
                "PUT",
                each.version,
                safety_hold.released(each.content, told, instant(now)),
                now,
            )
            for each in holds
        ]
    anchor = await _anchor(tx, patient_id, person)
    key = Key("Task", safety_hold.hold_id(assessment, anchor))
    # One that people have dealt with is left alone until there is other evidence.
    if holds or await tx.read(key) is not None:
        return []
    hold = safety_hold.hold(assessment, patient_id, anchor, instant(now))
    return [Change(key, "PUT", None, hold, now)]


async def _anchor(tx: Transaction, patient_id: str, person: OnePerson) -> str:
    """Refer to the episode that is held up: one of the programme before others."""
    episodes = await find(tx, "EpisodeOfCare", person.criterion, _OPEN_EPISODE)
    own = {"reference": f"Patient/{patient_id}"}
    in_order = sorted(
        episodes, key=lambda e: (not is_programme(e.content), e.content["patient"] != own)
    )
    return in_order[0].reference if in_order else own["reference"]


def _said(assessment: Assessment, patient_id: str, changes: list[Change]) -> list[Change]:
    if not changes:
        return []
    first = changes[0]
    act = Act(
        targets=[str(change.key) for change in changes],
        sources=assessment.evidence or (f"Patient/{patient_id}",),
        recorded=instant(first.now),
        activity="CREATE" if first.before is None else "UPDATE",
    )
    key = Key("Provenance", derived_id(f"{first.key}/{first.number}", "provenance"))
    return [Change(key, "PUT", None, provenance(POLICY, act) | {"id": key.id}, first.now)]
