"""The page that a handoff begins with: who comes, how it went, and what is to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.progress_api.domain.handoff.course import course
from services.progress_api.domain.handoff.facts import day_of, name_of
from services.progress_api.domain.handoff.medications import AGREE, reconciled
from services.progress_api.domain.handoff.policy import LONGEST_LIST
from shared.fhir.dates import told_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.handoff.handoff import Handoff
    from services.progress_api.domain.handoff.record import Record


def summary(title: str, handoff: Handoff, record: Record) -> list[str]:
    """Tell in a few sentences what the sections tell at length."""
    since = handoff.episode.get("period", {}).get("start")
    course_of_care = f", since {told_day(since, handoff.zone)}" if since else ""
    told = f"{title} of {handoff.day.isoformat()}, at the end of an intensive outpatient programme"
    return [
        f"{told}{course_of_care}.",
        *filter(None, [handoff.reason]),
        *_listed("Warnings", [name_of(each) for each in record.current("Flag")]),
        *_listed("Problems", [name_of(each) for each in record.current("Condition")]),
        *_listed("Measures", _measures(record)),
        *_listed("Medicines", _medicines(record)),
        *_listed("Plans", [name_of(each) for each in record.current("CarePlan")]),
        *_listed("Appointments to come", _appointments(record)),
    ]


def _measures(record: Record) -> list[str]:
    measures = course(record.since_admission("Observation"), record.reading)
    return [f"{each.name}: {each.baseline} → {each.latest}, {each.change}" for each in measures]


def _medicines(record: Record) -> list[str]:
    held = [*record.current("MedicationRequest"), *record.current("MedicationStatement")]
    return [
        each.name if each.difference == AGREE else f"{each.name} ({each.difference})"
        for each in reconciled(held)
    ]


def _appointments(record: Record) -> list[str]:
    days = [f"{day_of(each, record.reading)} {name_of(each)}" for each in record.coming()]
    return sorted(days)


def _listed(title: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    more = f", and {len(texts) - LONGEST_LIST} more" if len(texts) > LONGEST_LIST else ""
    return [f"{title}: {', '.join(texts[:LONGEST_LIST])}{more}."]
