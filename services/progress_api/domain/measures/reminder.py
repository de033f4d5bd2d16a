"""The reminder of a measure that is not answered yet: one CommunicationRequest, late in its window.

https://hl7.org/fhir/R4/communicationrequest.html
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.measures.policy import REMIND_ON_DAY
from services.progress_api.domain.measures.settling import due_of
from services.progress_api.domain.measures.windows import start_of_day
from shared.care.automatic import derived_id
from shared.fhir.dates import local_day
from shared.store.version import instant

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from shared.fhir.reader import JsonObject

_CATEGORY: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/communication-category",
            "code": "reminder",
        }
    ],
    "text": "Reminder",
}
_SAID: Final = "Please answer this questionnaire by"


def reminder_id(task_id: str) -> str:
    """Derive the id of the one reminder of a Task."""
    return derived_id(f"Task/{task_id}", "reminder")


def remind_at(task: JsonObject, zone: tzinfo) -> datetime | None:
    """Give the moment at which somebody is reminded of an open measure; None if none is open."""
    if due_of(task, zone) is None:
        return None
    period = task["restriction"]["period"]
    last = local_day(period["end"], zone)
    day = local_day(period.get("start", period["end"]), zone) + timedelta(days=REMIND_ON_DAY - 1)
    return start_of_day(min(day, last), zone)


def reminder(task: JsonObject, person: str, now: datetime, due: datetime) -> JsonObject:
    """Write the reminder of a measure to the Patient who stands for the person."""
    last_day = task["restriction"]["period"]["end"]
    measure = task.get("code", {}).get("text", "A measure")
    return {
        "resourceType": "CommunicationRequest",
        "id": reminder_id(task["id"]),
        "status": "active",
        "category": [_CATEGORY],
        "subject": {"reference": person},
        "about": [{"reference": f"Task/{task['id']}"}],
        "payload": [{"contentString": f"{measure}: {_SAID} {last_day}."}],
        "occurrencePeriod": {"start": instant(now), "end": instant(due)},
        "authoredOn": instant(now),
        "recipient": [{"reference": person}],
    }


def ended(request: JsonObject) -> JsonObject | None:
    """End a reminder that is not needed any more; None where it has ended."""
    return request | {"status": "completed"} if request.get("status") == "active" else None
