"""What figures are counted from: what the record holds of the people of a programme."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.progress_api.domain.figures.stays import in_programme, stay
from shared.care.spans import within
from shared.care.subject import patient_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Course:
    """An episode, the times in which the person was in the programme by it, and their stay."""

    episode: JsonObject
    times: list[Range]
    stay: list[Range]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Contents by their kind; `orders` and `encounters` by id.

    `persons` names the Patient who stands, by the id of each Patient; by default each themselves.
    `elsewhere` are the episodes of these people in other programmes, and `not_ours` the ids of the
    Encounters that belong there.
    """

    episodes: Sequence[JsonObject]
    referrals: Sequence[JsonObject]
    clocks: Sequence[JsonObject]
    handoffs: Sequence[JsonObject]
    appointments: Sequence[JsonObject]
    scores: Sequence[JsonObject]
    plans: Sequence[JsonObject]
    orders: Mapping[str, JsonObject]
    encounters: Mapping[str, JsonObject]
    bases: tuple[str, ...]
    persons: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Sequence[JsonObject] = ()
    not_ours: frozenset[str] = frozenset()

    def person(self, resource: JsonObject, element: str) -> str | None:
        """Name the Patient who stands for whom a resource is about."""
        patient_id = patient_of(resource, element, self.bases)
        return self.persons.get(patient_id, patient_id) if patient_id else None


def stays(
    episodes: Sequence[JsonObject], evidence: Evidence, zone: tzinfo
) -> dict[str | None, list[Range]]:
    """Give when each person was in care by some episodes."""
    found: defaultdict[str | None, list[Range]] = defaultdict(list)
    for each in episodes:
        found[evidence.person(each, "patient")] += stay(each, zone)
    return found


def courses(evidence: Evidence, zone: tzinfo) -> list[Course]:
    """Give each time that a person was in the programme, by its episode.

    Episodes of two Patients of one person at the same time are one course: that of who stands.
    """
    found: defaultdict[str | None, list[Course]] = defaultdict(list)
    for episode in sorted(evidence.episodes, key=lambda each: _order(each, evidence)):
        of_person = found[evidence.person(episode, "patient")]
        told = Course(episode, in_programme(episode, zone), stay(episode, zone))
        same = next((each for each in of_person if _is_one(each, told, evidence)), None)
        if same is None:
            of_person.append(told)
        else:
            same.times.extend(told.times)
            same.stay.extend(told.stay)
    return [each for of_person in found.values() for each in of_person]


def _is_one(one: Course, other: Course, evidence: Evidence) -> bool:
    """Tell whether two courses of a person are of two Patients at the same time."""
    whose = [patient_of(each.episode, "patient", evidence.bases) for each in (one, other)]
    return whose[0] != whose[1] and bool(within(one.times, other.times))


def _order(episode: JsonObject, evidence: Evidence) -> tuple[bool, str]:
    whose = patient_of(episode, "patient", evidence.bases)
    return whose != evidence.person(episode, "patient"), str(episode["id"])


def touches(spans: Sequence[Range], time: Range) -> bool:
    """Tell whether any of the times lies partly in another."""
    first, last = time
    return any(max(low, first) < min(high, last) for low, high in spans)
