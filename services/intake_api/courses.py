"""Reads from the record what a person's clocks depend on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.clock import CLOCK
from services.intake_api.domain.death import death_told
from services.intake_api.domain.follow_up.course import Evidence, course_of
from services.intake_api.domain.follow_up.deeds import SEARCHES
from services.intake_api.domain.follow_up.visits import Calendar
from services.intake_api.domain.follow_up.windows import LOOK_BACK_DAYS
from services.intake_api.domain.stay import is_inpatient
from shared.care.referral import HANDOFF
from shared.feed.deaths import has_died
from shared.feed.one_person import one_person
from shared.fhir.dates import local_day
from shared.store.finding import fetch, find
from shared.store.version import Key, instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, tzinfo

    from services.intake_api.domain.follow_up.course import Course
    from shared.feed.one_person import OnePerson
    from shared.fhir.reader import JsonObject
    from shared.store.finding import Found
    from shared.store.transaction import Transaction

OPEN: Final = frozenset({"planned", "waitlist", "active", "onhold"})
_NEVER: Final = frozenset({"cancelled", "entered-in-error"})
_OF_CODE: Final = {"DocumentReference": "type", "Procedure": "code"}


@dataclass(frozen=True, slots=True)
class Known:
    """A person in care, or once in care: their episodes, clocks, and all that these depend on."""

    patient: Found
    episodes: tuple[Found, ...]
    clocks: tuple[Found, ...]
    evidence: Evidence
    calendar: Calendar
    has_died: bool

    @property
    def ended(self) -> str | None:
        """Why nothing is to be followed any more; None as long as it is."""
        if self.has_died or death_told(self.evidence.encounters) is not None:
            return "death"
        has_begun = any(each.content["status"] not in _NEVER for each in self.episodes)
        return None if has_begun else "declined"

    @property
    def course(self) -> Course:
        """The person's course as it stands."""
        return course_of(self.evidence, self.calendar, self.ended)

    def course_with(self, encounter: JsonObject | None) -> Course:
        """The person's course with another content of one Encounter."""
        if encounter is None or encounter["resourceType"] != "Encounter":
            return self.course
        others = [each for each in self.evidence.encounters if each["id"] != encounter["id"]]
        evidence = replace(self.evidence, encounters=[*others, encounter])
        return course_of(evidence, self.calendar, self.ended)

    def in_care_since(self, now: datetime) -> date | None:
        """Tell since which local day the person is in care; None where they no longer are."""
        episodes = (each.content for each in self.episodes if each.content["status"] in OPEN)
        days = [_begun(each, self.calendar.zone, now) for each in episodes]
        return min(days, default=None)

    def is_recent(self, reference: str, now: datetime) -> bool:
        """Tell whether somebody is in care, and a stay was not over long before that began."""
        since, trigger = self.in_care_since(now), self.course.trigger(reference)
        if since is None or trigger is None or trigger.last is None:
            return False
        return trigger.last + timedelta(days=LOOK_BACK_DAYS) >= since


def _begun(episode: JsonObject, zone: tzinfo, now: datetime) -> date:
    periods = [each["period"] for each in episode.get("statusHistory", ())]
    told = [each.get("start") for each in (*periods, episode.get("period", {}))]
    days = [local_day(each, zone) for each in told if each]
    return min(days, default=now.astimezone(zone).date())


async def known_of(tx: Transaction, patient_id: str, *, parted: bool = False) -> Known | None:
    """Read what is known of a person, under whichever of their Patients.

    None of whoever was never in care here, unless they were `parted` from somebody who was.
    """
    person = await one_person(tx, patient_id)
    episodes = await find(tx, "EpisodeOfCare", person.criterion)
    patient = await fetch(tx, Key("Patient", person.survivor)) if episodes or parted else None
    if patient is None:
        return None
    clocks = await find(tx, "Task", person.criterion, ("code", f"{CLOCK}|"))
    calendar = Calendar(tx.zone, tx.bases)
    evidence = await _evidence(tx, patient, person)
    dead = await has_died(person, tx)
    return Known(patient, tuple(episodes), tuple(clocks), evidence, calendar, dead)


async def _evidence(tx: Transaction, patient: Found, person: OnePerson) -> Evidence:
    whose = person.criterion
    encounters = await find(tx, "Encounter", whose)
    conditions = await find(tx, "Condition", whose)
    coverages = await find(tx, "Coverage", ("beneficiary", person.references))
    handoffs = await find(tx, "Task", whose, ("code", f"{HANDOFF['system']}|{HANDOFF['code']}"))
    others = [
        each
        for name, codes in SEARCHES.items()
        for each in await find(tx, name, whose, (_OF_CODE[name], codes))
    ]
    return Evidence(
        patient.content,
        _contents(encounters),
        {each.reference: each.content for each in conditions},
        _contents(coverages),
        _contents(handoffs),
        _contents(others),
        await _first_told(tx, encounters) if coverages else {},
    )


async def _first_told(tx: Transaction, encounters: Sequence[Found]) -> dict[str, str]:
    """Tell when the record first heard of each stay."""
    stays = [each for each in encounters if is_inpatient(each.content)]
    first = [(each, await tx.read_version(each.key, 1)) for each in stays]
    return {each.reference: instant(told.updated) for each, told in first if told}


def _contents(found: Sequence[Found]) -> list[JsonObject]:
    return [each.content for each in found]
