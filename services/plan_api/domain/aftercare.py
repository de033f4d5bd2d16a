"""The plan of the aftercare follows its handoff: in force when the programme ends, for its days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.achievement import AFTERCARE_DAYS
from shared.care.automatic import Policy
from shared.fhir.dates import date_range, moment

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy(
    "aftercare-follows-the-programme", "1.0", "Brings the plan of the aftercare into force"
)
# After these the clinic takes nobody over.
LAPSED: Final = frozenset({"rejected", "cancelled", "failed", "entered-in-error"})
ENDED: Final = frozenset({"completed", "revoked"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on a plan: its handoff's status, when the programme was finished, and more.

    `is_refused` is true of who has died, or takes back their consent; `has_begun` of a plan that
    is in force, or was.
    """

    handoff: str | None
    finished: datetime | None
    is_refused: bool
    has_begun: bool
    now: datetime
    zone: tzinfo


def followed(plan: JsonObject, standing: Standing) -> JsonObject:
    """Give a plan as it follows its handoff, its episode and its person."""
    status = _status(plan, standing)
    if status == "active" and not standing.has_begun and standing.finished is not None:
        first = standing.finished.astimezone(standing.zone).date()
        last = first + timedelta(days=AFTERCARE_DAYS)
        plan = plan | {"period": {"start": first.isoformat(), "end": last.isoformat()}}
    return plan | {"status": status}


def ends(plan: JsonObject, zone: tzinfo) -> datetime | None:
    """Give the moment at which a plan in force is over."""
    last_day = plan.get("period", {}).get("end")
    if plan["status"] != "active" or not last_day:
        return None
    return moment(date_range(last_day, zone)[1])


def _status(plan: JsonObject, standing: Standing) -> str:
    if standing.is_refused or standing.handoff is None or standing.handoff in LAPSED:
        return "revoked"
    if standing.finished is None:
        return "on-hold" if standing.has_begun else "draft"
    if not standing.has_begun:
        return "active"
    over = ends(plan | {"status": "active"}, standing.zone)
    return "completed" if over is not None and over <= standing.now else "active"
