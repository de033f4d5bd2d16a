"""What was asked of a person by one instrument: what is due, and what came late or never."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from services.progress_api.domain.measures.settling import due_of, is_overdue
from services.progress_api.domain.measures.task import cause_of
from shared.fhir.dates import date_range

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from services.progress_api.domain.progress.told import Told
    from shared.fhir.dates import Range

# Due is what can be answered in its window; `answered-late` came in after that.
State = Literal["due", "late", "missed", "answered-late"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A Task that asked for a measure, and how it stands where that is worth telling."""

    told: Told
    state: State


def asked(
    name: str, tasks: Iterable[Told], span: Range, zone: tzinfo, now: datetime
) -> list[Asked]:
    """List what is due or late by now, and what was missed or late in a time, the first first."""
    ours = [each for each in tasks if _is_of(name, each)]
    states = [(each, _state(each, zone, now)) for each in ours]
    found = [Asked(each, state) for each, state in states if state]
    shown = [e for e in found if e.state in {"due", "late"} or _overlaps(e.told, span, zone)]
    return sorted(shown, key=lambda each: (_ends(each.told, zone), each.told.versioned))


def _state(told: Told, zone: tzinfo, now: datetime) -> State | None:
    task, due = told.content, due_of(told.content, zone)
    if due is not None:
        return "late" if now >= due or is_overdue(task) else "due"
    if task.get("status") == "failed":
        return "missed"
    return "answered-late" if task.get("status") == "completed" and is_overdue(task) else None


def _is_of(name: str, told: Told) -> bool:
    focus = told.content.get("focus", {}).get("reference")
    return focus == f"Questionnaire/{name}" and cause_of(told.content) is not None


def _overlaps(told: Told, span: Range, zone: tzinfo) -> bool:
    return span[0] < _ends(told, zone) <= span[1]


def _ends(told: Told, zone: tzinfo) -> int:
    return date_range(told.content["restriction"]["period"]["end"], zone)[1]
