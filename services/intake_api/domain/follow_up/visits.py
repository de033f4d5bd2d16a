"""What satisfies a clock: a visit in its window, or what else its policy names.

Any finished visit counts after a discharge, one at the aftercare clinic after a handoff; its first
local day must lie in the window. A visit after the window does not complete it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.clock import CLOCK
from services.intake_api.domain.follow_up.windows import AT_AFTERCARE_CLINIC, BY_CODE
from services.intake_api.domain.stay import ACT_CODE
from shared.care.automatic import Policy
from shared.fhir.dates import date_range, local_day
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, tzinfo

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy("visit-satisfies-clock", "1.1", "Completes a clock by a visit in its window")
_SEEN: Final = frozenset({"AMB", "VR"})
_VISIT: Final = frozenset({"visit", "treatment"})
# A handoff that came to nothing has no clinic.
_IN_VAIN: Final = frozenset({"draft", "rejected", "cancelled", "failed", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class Calendar:
    """How texts are read: the zone of local days, and all addresses of this server."""

    zone: tzinfo
    bases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """A person was seen, or something was done: by what, on which local day, where.

    `kinds` are what it can satisfy; `about` is the one Encounter whose clocks it concerns, if any.
    `began` tells in microseconds which of a day's visits was the first, where that is known.
    """

    reference: str
    day: date
    places: frozenset[str]
    kinds: frozenset[str] = _VISIT
    about: str | None = None
    began: int = 0


@dataclass(frozen=True, slots=True)
class Handoff:
    """A person was handed over: by which request, to whom."""

    request: str | None
    places: frozenset[str]


def visit_of(encounter: JsonObject, calendar: Calendar) -> Visit | None:
    """Read an Encounter as a visit that took place; None if it was none, or was taken back."""
    start = encounter.get("period", {}).get("start")
    if not was_seen(encounter) or encounter.get("status") != "finished" or start is None:
        return None
    day = local_day(start, calendar.zone)
    named = [encounter.get("serviceProvider", {}), *encounter.get("basedOn", ())]
    places = frozenset(_local(named, calendar))
    began = date_range(start, calendar.zone)[0]
    return Visit(f"Encounter/{encounter['id']}", day, places, began=began)


def was_seen(encounter: JsonObject) -> bool:
    """Tell whether an Encounter is of a class in which people are seen as outpatients."""
    kind = encounter.get("class", {})
    return kind.get("system", ACT_CODE) == ACT_CODE and kind.get("code") in _SEEN


def was_emergency(encounter: JsonObject) -> bool:
    """Tell whether an Encounter is of the class of emergency visits."""
    kind = encounter.get("class", {})
    return bool(kind.get("system", ACT_CODE) == ACT_CODE and kind.get("code") == "EMER")


def handoff_of(task: JsonObject, calendar: Calendar) -> Handoff | None:
    """Read a handoff's Task; None where it came to nothing."""
    if task["status"] in _IN_VAIN:
        return None
    request = next(_local([task.get("focus", {})], calendar), None)
    return Handoff(
        request, frozenset(_local([task.get("owner", {}), task.get("focus", {})], calendar))
    )


def is_after_handoff(task: JsonObject) -> bool:
    """Tell whether a clock waits for a visit at an aftercare clinic."""
    return not set(AT_AFTERCARE_CLINIC).isdisjoint(codes(task))


def satisfies(
    visit: Visit, task: JsonObject, handoffs: Sequence[Handoff], calendar: Calendar
) -> bool:
    """Tell whether a visit is what a clock waits for."""
    period = task.get("restriction", {}).get("period", {})
    if not {"start", "end"} <= period.keys() or not _is_asked_for(visit, task, calendar):
        return False
    first = local_day(period["start"], calendar.zone)
    last = local_day(period["end"], calendar.zone, last=True)
    if not first <= visit.day <= last:
        return False
    return not is_after_handoff(task) or any(
        visit.places & each.places for each in _handoffs_of(task, handoffs, calendar)
    )


def codes(task: JsonObject) -> list[str]:
    """Name the clocks that a Task is."""
    codings = task.get("code", {}).get("coding", ())
    return [each.get("code", "") for each in codings if each.get("system") == CLOCK]


def focus_of(task: JsonObject, calendar: Calendar) -> str | None:
    """Name what here started a clock."""
    return next(_local([task.get("focus", {})], calendar), None)


def _is_asked_for(visit: Visit, task: JsonObject, calendar: Calendar) -> bool:
    """Tell whether it is of the kind that a clock asks for; no trigger is its own follow-up."""
    focus = focus_of(task, calendar)
    window = next((BY_CODE[each] for each in codes(task) if each in BY_CODE), None)
    if (window.satisfied_by if window else "visit") not in visit.kinds:
        return False
    return visit.about == focus if visit.about else visit.reference != focus


def _handoffs_of(
    task: JsonObject, handoffs: Sequence[Handoff], calendar: Calendar
) -> list[Handoff]:
    """Choose the handoff that a clock says it belongs to, else any."""
    based_on = set(_local(task.get("basedOn", ()), calendar))
    return [each for each in handoffs if not based_on or each.request in based_on]


def _local(named: Iterable[JsonObject], calendar: Calendar) -> Iterator[str]:
    for each in named:
        text = each.get("reference")
        link = parse_reference(text, calendar.bases) if isinstance(text, str) else None
        if link is not None and link.kind == "local":
            yield f"{link.type}/{link.id}"
