"""What of people's care belongs to one programme, where they are or were in another one too.

What names an EpisodeOfCare is of its programme, and a session that names none is of its plan's: the
one that it was booked for, or that holds the order which it keeps. What tells neither is of the
programme in which the person was then, and of both where they were in two at once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.figures.evidence import stays
from shared.care.canonical import code_system
from shared.care.programme_plan import ids_of
from shared.care.session import appointments_of, orders_of, patient_of_appointment
from shared.care.spans import minus
from shared.fhir.dates import date_range

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from services.progress_api.domain.figures.evidence import Evidence
    from shared.fhir.reader import JsonObject

_PROGRAMME: Final = code_system("programme")


def is_a_programme(episode: JsonObject) -> bool:
    """Tell whether an episode is one of a programme of ours, whichever."""
    codings = (c for each in episode.get("type", ()) for c in each.get("coding", ()))
    return any(each.get("system") == _PROGRAMME for each in codings)


def is_of(episode: JsonObject, organization: JsonObject, bases: tuple[str, ...]) -> bool:
    """Tell whether an episode is an organization's; one that names none is of the only one."""
    told = episode.get("managingOrganization", {})
    if "reference" in told:
        return organization["id"] in ids_of([told], "Organization", bases)
    value = _identified(told.get("identifier", {}))
    return value is None or value in map(_identified, organization.get("identifier", ()))


def own(evidence: Evidence, programme: str, zone: tzinfo) -> Evidence:
    """Leave out what belongs to other programmes of the same people."""
    others = _Others(evidence, programme, zone)
    return replace(
        evidence,
        referrals=[e for e in evidence.referrals if not others.ask(e)],
        handoffs=[e for e in evidence.handoffs if not others.name([e.get("reasonReference", {})])],
        appointments=[e for e in evidence.appointments if not others.hold(e)],
        plans=[e for e in evidence.plans if not others.follow(e)],
        not_ours=frozenset(i for i, e in evidence.encounters.items() if others.see(e)),
    )


def _identified(identifier: JsonObject) -> tuple[str, str] | None:
    value = identifier.get("value")
    return None if value is None else (str(identifier.get("system", "")), str(value))


def _referrals(episodes: Iterable[JsonObject], evidence: Evidence) -> set[str]:
    named = (told for each in episodes for told in each.get("referralRequest", ()))
    return set(ids_of(named, "ServiceRequest", evidence.bases))


class _Others:
    """The other programmes of these people, and when they were in those and not in this one."""

    def __init__(self, evidence: Evidence, programme: str, zone: tzinfo) -> None:
        self._evidence, self._programme, self._zone = evidence, programme, zone
        self._way_here = _referrals(evidence.episodes, evidence)
        self._way_elsewhere = _referrals(evidence.elsewhere, evidence)
        self._here = {each["id"] for each in evidence.episodes}
        self._elsewhere = {each["id"] for each in evidence.elsewhere}
        here = stays(evidence.episodes, evidence, zone)
        away = stays(evidence.elsewhere, evidence, zone)
        self._away = {person: minus(spans, here.get(person, ())) for person, spans in away.items()}
        self._named = {
            kept: each.get("episodeOfCare", ())
            for each in evidence.encounters.values()
            for kept in appointments_of(each, evidence.bases)
        }
        self._booked = {each["id"]: each for each in evidence.appointments}
        self._plans = {each["id"]: each for each in evidence.plans}
        self._by_order: defaultdict[str, list[str]] = defaultdict(list)
        for plan in evidence.plans:
            held = (each.get("reference", {}) for each in plan.get("activity", ()))
            for order in ids_of(held, "ServiceRequest", evidence.bases):
                self._by_order[order].append(plan["id"])

    def name(self, references: Iterable[JsonObject]) -> bool:
        """Tell whether references name their episodes, and none of this programme."""
        named = set(ids_of(references, "EpisodeOfCare", self._evidence.bases))
        return not named.isdisjoint(self._elsewhere) and named.isdisjoint(self._here)

    def ask(self, task: JsonObject) -> bool:
        """Tell whether a referral was the way to them, or asks for none but them."""
        evidence = self._evidence
        asked = set(ids_of([task.get("focus", {})], "ServiceRequest", evidence.bases))
        if not asked.isdisjoint(self._way_here):
            return False
        orders = [evidence.orders[each] for each in asked if each in evidence.orders]
        codings = [c for each in orders for c in each.get("code", {}).get("coding", ())]
        codes = {each.get("code") for each in codings if each.get("system") == _PROGRAMME}
        is_theirs = not asked.isdisjoint(self._way_elsewhere)
        return is_theirs or (bool(codes) and self._programme not in codes)

    def see(self, encounter: JsonObject) -> bool:
        """Tell whether an Encounter is theirs."""
        person = self._evidence.person(encounter, "subject")
        start = encounter.get("period", {}).get("start")
        kept = (self._booked.get(i) for i in appointments_of(encounter, self._evidence.bases))
        by_plan = self._planned([encounter, *(each for each in kept if each)])
        return self._have(encounter.get("episodeOfCare") or by_plan, person, start)

    def hold(self, appointment: JsonObject) -> bool:
        """Tell whether a session is theirs, as the Encounter says that keeps it, or its plan."""
        patient_id = patient_of_appointment(appointment, self._evidence.bases)
        person = self._evidence.persons.get(str(patient_id), patient_id)
        named = self._named.get(appointment["id"]) or self._planned([appointment])
        return self._have(named, person, appointment.get("start"))

    def _planned(self, sessions: Iterable[JsonObject]) -> list[JsonObject]:
        """Give what the plans that sessions are held for rest on, such as an EpisodeOfCare."""
        bases, plans = self._evidence.bases, []
        for each in sessions:
            plans += ids_of(each.get("supportingInformation", ()), "CarePlan", bases)
            plans += [plan for order in orders_of(each, bases) for plan in self._by_order[order]]
        known = (self._plans[each] for each in plans if each in self._plans)
        return [named for each in known for named in each.get("supportingInfo", ())]

    def follow(self, plan: JsonObject) -> bool:
        """Tell whether a plan is theirs."""
        person, start = self._evidence.person(plan, "subject"), plan.get("period", {}).get("start")
        return self._have(plan.get("supportingInfo", ()), person, start)

    def _have(self, named: Iterable[JsonObject], person: str | None, start: str | None) -> bool:
        references = list(named)
        if ids_of(references, "EpisodeOfCare", self._evidence.bases):
            return self.name(references)
        at = None if start is None else date_range(start, self._zone)[0]
        return at is not None and any(low <= at < high for low, high in self._away.get(person, ()))
