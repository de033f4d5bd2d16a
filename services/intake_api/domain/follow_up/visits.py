"""Which visits satisfy a clock, and what becomes of the clock then.

Any finished visit counts after a discharge, one at the aftercare clinic after a handoff; its first
local day must lie in the window. A clock that was marked overdue stays marked when such a visit is
told late, and a visit after the window does not complete it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.clock import CLOCK
from services.intake_api.domain.follow_up.windows import AFTER_DISCHARGE, AT_AFTERCARE_CLINIC
from services.intake_api.domain.stay import ACT_CODE
from shared.care.automatic import Policy
from shared.fhir.dates import local_day
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, tzinfo

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy("visit-satisfies-clock", "1.0", "Completes a clock by a visit in its window")
CODES: Final = (*(each.code for each in AFTER_DISCHARGE), *AT_AFTERCARE_CLINIC)
_SEEN: Final = frozenset({"AMB", "VR"})
_SATISFIED_BY: Final = {"system": CLOCK, "code": "satisfied-by"}
# A handoff that came to nothing has no clinic.
_IN_VAIN: Final = frozenset({"draft", "rejected", "cancelled", "failed", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class Calendar:
    """How texts are read: the zone of local days, and all addresses of this server."""

    zone: tzinfo
    bases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """A person was seen: by which Encounter, on which local day, where and at whose request."""

    reference: str
    day: date
    places: frozenset[str]


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
    return Visit(f"Encounter/{encounter['id']}", day, frozenset(_local(named, calendar)))


def was_seen(encounter: JsonObject) -> bool:
    """Tell whether an Encounter is of a class in which people are seen as outpatients."""
    kind = encounter.get("class", {})
    return kind.get("system", ACT_CODE) == ACT_CODE and kind.get("code") in _SEEN


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
    return not set(AT_AFTERCARE_CLINIC).isdisjoint(_codes(task))


def satisfies(
    visit: Visit, task: JsonObject, handoffs: Sequence[Handoff], calendar: Calendar
) -> bool:
    """Tell whether a visit is what a clock waits for."""
    period = task.get("restriction", {}).get("period", {})
    if not {"start", "end"} <= period.keys():
        return False
    first = local_day(period["start"], calendar.zone)
    last = local_day(period["end"], calendar.zone, last=True)
    if not first <= visit.day <= last:
        return False
    return not is_after_handoff(task) or any(
        visit.places & each.places for each in _handoffs_of(task, handoffs, calendar)
    )


def satisfied_by(task: JsonObject) -> str | None:
    """Give the reference of the visit that has completed a clock."""
    if task.get("status") != "completed":
        return None
    told = (each for each in task.get("output", ()) if _is_satisfaction(each))
    return next((each.get("valueReference", {}).get("reference") for each in told), None)


def completed(task: JsonObject, visit: Visit) -> JsonObject:
    """Complete a clock by a visit; whether it is marked overdue stays as it is."""
    said = {"type": {"coding": [_SATISFIED_BY]}, "valueReference": {"reference": visit.reference}}
    others = [each for each in task.get("output", ()) if not _is_satisfaction(each)]
    return task | {"status": "completed", "output": [*others, said]}


def reopened(task: JsonObject) -> JsonObject:
    """Let a clock run again whose visit was taken back."""
    others = [each for each in task.get("output", ()) if not _is_satisfaction(each)]
    rest = {name: value for name, value in task.items() if name != "output"}
    return rest | {"status": "requested"} | ({"output": others} if others else {})


def _handoffs_of(
    task: JsonObject, handoffs: Sequence[Handoff], calendar: Calendar
) -> list[Handoff]:
    """Choose the handoff that a clock says it belongs to, else any."""
    based_on = set(_local(task.get("basedOn", ()), calendar))
    return [each for each in handoffs if not based_on or each.request in based_on]


def _is_satisfaction(output: JsonObject) -> bool:
    codings = output.get("type", {}).get("coding", ())
    return any({k: each.get(k) for k in _SATISFIED_BY} == _SATISFIED_BY for each in codings)


def _codes(task: JsonObject) -> list[str]:
    codings = task.get("code", {}).get("coding", ())
    return [each.get("code", "") for each in codings if each.get("system") == CLOCK]


def _local(named: Iterable[JsonObject], calendar: Calendar) -> Iterator[str]:
    for each in named:
        text = each.get("reference")
        link = parse_reference(text, calendar.bases) if isinstance(text, str) else None
        if link is not None and link.kind == "local":
            yield f"{link.type}/{link.id}"
