"""What starts, pauses and ends clocks: a person's stays, emergency visits and other visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

from services.intake_api.domain.follow_up.diagnosis import principal
from services.intake_api.domain.follow_up.visits import was_emergency, was_seen
from services.intake_api.domain.follow_up.windows import READMISSION_DAYS
from services.intake_api.domain.stay import is_inpatient, last_day
from shared.fhir.dates import local_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

Kind = Literal["stay", "emergency", "visit"]
_GOES_ON: Final = frozenset({"arrived", "triaged", "in-progress", "onleave"})


@dataclass(frozen=True, slots=True)
class Trigger:
    """An Encounter that took place: its first and last local day, and what it was mainly for.

    The last day is None while it goes on.
    """

    reference: str
    kind: Kind
    first: date
    last: date | None
    diagnosis: str | None = None

    @property
    def began(self) -> date | None:
        """The day on which treatment begins by it: a stay counts when it is over."""
        return self.last if self.kind == "stay" else self.first


def trigger_of(
    encounter: JsonObject, conditions: Mapping[str, JsonObject], zone: tzinfo
) -> Trigger | None:
    """Read an Encounter; None where it has not taken place, was taken back, or has no days."""
    kind, status = _kind(encounter), encounter["status"]
    if kind is None or status not in _GOES_ON | {"finished"}:
        return None
    last = last_day(encounter, zone) if status == "finished" else None
    start = encounter.get("period", {}).get("start")
    first = local_day(start, zone) if start else last
    if last is None and status == "finished" and kind != "stay":
        last = first
    if first is None or (status == "finished" and last is None):
        return None
    reference = f"Encounter/{encounter['id']}"
    return Trigger(reference, kind, first, last, principal(encounter, conditions))


def _kind(encounter: JsonObject) -> Kind | None:
    if is_inpatient(encounter):
        return "stay"
    if was_emergency(encounter):
        return "emergency"
    return "visit" if was_seen(encounter) else None


def next_stay(
    after: Trigger, triggers: Iterable[Trigger], within: int = READMISSION_DAYS
) -> Trigger | None:
    """Find the first other stay that ends later and begins so many days after, at the latest.

    Stays may overlap: of two, the one that ends later is the readmission. To a visit, a stay that
    began before it is no answer.
    """
    if after.last is None:
        return None
    until = after.last + timedelta(days=within)
    later = [
        each
        for each in triggers
        if each.kind == "stay" and each.first <= until and _follows(each, after)
    ]
    return min(later, key=_order, default=None)


def _follows(stay: Trigger, after: Trigger) -> bool:
    if after.kind == "stay":
        return _order(stay) > _order(after)
    return stay.first >= after.first


def present_stay(triggers: Iterable[Trigger]) -> Trigger | None:
    """Find the stay that a person is in now."""
    going_on = [each for each in triggers if each.kind == "stay" and each.last is None]
    return min(going_on, key=_order, default=None)


def _order(trigger: Trigger) -> tuple[date, date, str]:
    return trigger.last or date.max, trigger.first, trigger.reference
