"""The two Observations of a week: the hours that a person attended, the sessions that were missed.

A week is preliminary until its visits are written down, then final, and amended when more is
learnt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiter import LosslessFloat

from shared.care.automatic import derived_id
from shared.care.canonical import code_system, profile
from shared.care.spans import length, within
from shared.care.weekly_hours import POLICIES
from shared.fhir.writer import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from services.progress_api.domain.attendance.week import Week
    from shared.care.weekly_hours import HoursPolicy
    from shared.fhir.dates import Range
    from shared.fhir.reader import JsonObject

_MINUTE: Final = 60_000_000
_UCUM: Final = "http://unitsofmeasure.org"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
_TEXTS: Final = {
    "delivered-hours": "Hours of sessions attended",
    "missed-sessions": "Sessions missed",
}
# What people have declared a mistake is theirs to write again; what we did bears our note.
_WITHDRAWN: Final = frozenset({"entered-in-error", "cancelled"})
_NOTE: Final = {"text": "Nothing is told of this week any more, or another Patient stands for it."}


@dataclass(frozen=True, slots=True)
class PersonsWeek:
    """Whose week it is, which one, and whether its visits should be written down by now."""

    patient_id: str
    week: Week
    is_closed: bool

    def id_of(self, code: str) -> str:
        """Derive the id of the week's Observation of a kind."""
        return derived_id(f"Patient/{self.patient_id}/{self.week.first}", code)


@dataclass(frozen=True, slots=True)
class Visit:
    """The time that a session was attended, and the orders that it was held for."""

    spans: Sequence[Range]
    orders: Sequence[JsonObject]


def minutes_in(week: Week, spans: Iterable[Range], zone: tzinfo) -> int:
    """Count the whole minutes of attendance in a week, each moment once."""
    return length(within(spans, [week.span(zone)])) // _MINUTE


def delivered_hours(whose: PersonsWeek, visits: Sequence[Visit], zone: tzinfo) -> JsonObject:
    """Write the hours attended, and how many of them count for each policy about hours."""
    counted = [
        {
            "code": {
                "coding": [{"system": code_system("hours-policy"), "code": policy.name}],
                "text": policy.title,
            },
            "valueQuantity": _hours(whose.week, [v for v in visits if _counts(v, policy)], zone),
        }
        for policy in POLICIES
    ]
    hours = {"valueQuantity": _hours(whose.week, visits, zone), "component": counted}
    return _observation(whose, "delivered-hours") | hours


def missed_sessions(whose: PersonsWeek, number: int) -> JsonObject:
    """Write the number of sessions missed."""
    return _observation(whose, "missed-sessions") | {"valueInteger": number}


def next_version(before: JsonObject | None, counted: JsonObject) -> JsonObject | None:
    """Decide what follows on an Observation, now that a week was counted again; None if nothing."""
    if before is None:
        return counted
    status = before.get("status")
    if status in _WITHDRAWN and not _is_ours(before):
        return None
    # A week that was taken back is for the present again until its visits are written down.
    is_open = status in _WITHDRAWN and counted["status"] == "preliminary"
    if status != "preliminary" and not is_open:
        counted = counted | {"status": "amended" if status in _WITHDRAWN else status}
    after = _without_note(before) | _content(counted)
    if canonical(after) == canonical(before):
        return None
    return after if status == "preliminary" or is_open else after | {"status": "amended"}


def withdrawn(before: JsonObject | None, counted: JsonObject) -> JsonObject | None:
    """Take an Observation back of whose week nothing is told any more; None if none stands."""
    if before is None or before.get("status") in _WITHDRAWN:
        return None
    notes = [*before.get("note", ()), _NOTE]
    return before | _content(counted) | {"status": "entered-in-error", "note": notes}


def _is_ours(observation: JsonObject) -> bool:
    return _NOTE in observation.get("note", ())


def _without_note(observation: JsonObject) -> JsonObject:
    notes = [each for each in observation.get("note", ()) if each != _NOTE]
    rest = {name: value for name, value in observation.items() if name != "note"}
    return rest | ({"note": notes} if notes else {})


def _content(counted: JsonObject) -> JsonObject:
    return {name: value for name, value in counted.items() if name != "meta"}


def _observation(whose: PersonsWeek, code: str) -> JsonObject:
    return {
        "resourceType": "Observation",
        "id": whose.id_of(code),
        "meta": {"profile": [profile("stepdown-observation")]},
        "status": "final" if whose.is_closed else "preliminary",
        "category": [{"coding": [{"system": _CATEGORY, "code": "activity"}]}],
        "code": {
            "coding": [{"system": code_system("measure"), "code": code}],
            "text": _TEXTS[code],
        },
        "subject": {"reference": f"Patient/{whose.patient_id}"},
        "effectivePeriod": {
            "start": whose.week.first.isoformat(),
            "end": whose.week.last.isoformat(),
        },
    }


def _counts(visit: Visit, policy: HoursPolicy) -> bool:
    return any(policy.counts(each) for each in visit.orders)


def _hours(week: Week, visits: Iterable[Visit], zone: tzinfo) -> JsonObject:
    minutes = minutes_in(week, [span for each in visits for span in each.spans], zone)
    return {"value": in_hours(minutes), "unit": "h", "system": _UCUM, "code": "h"}


def in_hours(minutes: int) -> int | LosslessFloat:
    """Write minutes as hours with two places, rounded half up."""
    hundredths = (minutes * 100 + 30) // 60
    if hundredths % 100 == 0:
        return hundredths // 100
    return LosslessFloat(f"{hundredths // 100}.{hundredths % 100:02d}".encode())
