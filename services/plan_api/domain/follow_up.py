"""What is prepared beside the draft plan when an inpatient stay ends: a team, and a first visit.

Both are proposals: the team has nobody who treats yet, and the visit a window and no time.
https://hl7.org/fhir/R4/appointment.html · https://hl7.org/fhir/R4/careteam.html
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import Policy, derived_id
from shared.fhir.dates import local_day
from shared.fhir.reader import read

if TYPE_CHECKING:
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

_TOLD: Final[dict[str, Any]] = read((files(__package__) / "follow_up.json").read_bytes())

POLICY: Final = Policy(_TOLD["name"], _TOLD["version"], _TOLD["title"])


def proposed(stay: JsonObject, plan_id: str, patient: str, zone: tzinfo) -> list[JsonObject]:
    """Write the team, and the visit where the stay says when it ended."""
    end = stay.get("period", {}).get("end")
    team = _team(stay, patient)
    last = None if end is None else local_day(end, zone, last=True)
    # Who means that there is no end writes 9999-12-31, and there are no days after that.
    if last is None or last.year == date.max.year:
        return [team]
    return [team, _visit(stay, plan_id, patient, _window(last, zone))]


def team_id(stay: JsonObject) -> str:
    """Derive the id of the team that takes over after a stay."""
    return derived_id(f"Encounter/{stay['id']}", "care-team")


def _team(stay: JsonObject, patient: str) -> JsonObject:
    members = [("Person in care", patient)]
    hospital = stay.get("serviceProvider", {}).get("reference")
    return {
        "resourceType": "CareTeam",
        "id": team_id(stay),
        "status": "proposed",
        "name": "Team after an inpatient stay",
        "subject": {"reference": patient},
        "encounter": {"reference": f"Encounter/{stay['id']}"},
        "participant": [
            {"role": [{"text": role}], "member": {"reference": member}}
            for role, member in (*members, ("Hospital of the stay", hospital))
            if member
        ],
    }


def _visit(stay: JsonObject, plan_id: str, patient: str, period: JsonObject) -> JsonObject:
    return {
        "resourceType": "Appointment",
        "id": derived_id(f"Encounter/{stay['id']}", "follow-up-visit"),
        "status": "proposed",
        "description": "Follow-up after an inpatient stay",
        "serviceType": [{"coding": [_TOLD["service"]], "text": _TOLD["service"]["display"]}],
        "minutesDuration": _TOLD["minutes"],
        "requestedPeriod": [period],
        "supportingInformation": [
            {"reference": f"CarePlan/{plan_id}"},
            {"reference": f"Encounter/{stay['id']}"},
        ],
        "participant": [{"actor": {"reference": patient}, "status": "needs-action"}],
    }


def _window(last: date, zone: tzinfo) -> JsonObject:
    """Give the local days in which the visit counts, from the first moment to the last."""
    first = datetime.combine(last + timedelta(days=_TOLD["firstDay"]), time(), zone)
    over = datetime.combine(last + timedelta(days=_TOLD["lastDay"] + 1), time(), zone)
    return {"start": first.isoformat(), "end": (over - timedelta(seconds=1)).isoformat()}
