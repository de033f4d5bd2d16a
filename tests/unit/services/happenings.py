"""What happened to somebody, written as FHIR, and the instants about the midnights of a year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.notices import ACT_CODE
from tests.unit.services.clock_oracle import wall_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.services.clock_oracle import Happened

NEW_YORK = ZoneInfo("America/New_York")
# Lord Howe changes by half an hour, Santiago at midnight.
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago"]
CLASSES = {"stay": "IMP", "emergency": "EMER", "visit": "AMB"}
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
ABOUT_MIDNIGHT = [timedelta(minutes=-1), timedelta(0), timedelta(minutes=1)]
DAYS = [date(2026, 1, 1) + timedelta(days=each) for each in range(365)]


def encounter(told: Happened) -> dict[str, Any]:
    end = {"end": told.end.isoformat()} if told.end else {}
    written: dict[str, Any] = {
        "resourceType": "Encounter",
        "id": told.name,
        "status": "finished" if told.end else "in-progress",
        "class": {"system": ACT_CODE, "code": CLASSES[told.kind]},
        "subject": {"reference": "Patient/p"},
        "period": {"start": told.start.isoformat()} | end,
    }
    if told.diagnosis:
        written["reasonCode"] = [{"coding": [{"system": ICD, "code": told.diagnosis}]}]
    return written


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, found by looking."""
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while wall_day(moment, zone) < day.isoformat():
        moment += timedelta(minutes=30)
    return moment


def about_midnights(
    trigger: datetime, offsets: tuple[int, ...], zone: ZoneInfo
) -> Iterator[datetime]:
    """Instants a minute before, at and after each midnight that could matter."""
    first = date.fromisoformat(wall_day(trigger, zone))
    for offset in offsets:
        for minutes in ABOUT_MIDNIGHT:
            yield midnight(first + timedelta(days=offset), zone) + minutes
