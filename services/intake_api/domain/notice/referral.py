"""The referral that a discharge or a transfer document opens: what is asked, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.follow_up.opening import (
    PROGRAMME_TEXT,
    Stay,
    clocks,
    planned_episode,
)
from services.intake_api.domain.follow_up.windows import REFERRAL_DAYS
from shared.care.automatic import derived_id
from shared.care.canonical import code_system, profile
from shared.care.episode import PROGRAMME
from shared.care.worklist import owner

if TYPE_CHECKING:
    from datetime import date

    from services.intake_api.domain.route import Route
    from shared.fhir.reader import JsonObject

_REVIEW: Final = {"system": code_system("task"), "code": "referral"}


@dataclass(frozen=True, slots=True)
class Asking:
    """What the newest notice that asks for the programme says, and all documents that do.

    `last_day` is the stay's, None as long as it goes on; `day` is the one of the notice.
    """

    stay: str
    patient: str
    last_day: date | None
    day: date
    route: Route
    requester: JsonObject
    told: str
    reasons: tuple[str, ...]
    coverages: tuple[str, ...]
    documents: tuple[str, ...]


def opened(asking: Asking) -> dict[str, JsonObject]:
    """Write what is opened for who is to be taken over, by reference."""
    request = _request(asking)
    referral = f"ServiceRequest/{request['id']}"
    task = _task(asking, referral)
    episode = planned_episode(
        asking.stay, asking.patient, referral, planned=asking.told, route=asking.route
    )
    found = {
        referral: request,
        f"Task/{task['id']}": task,
        f"EpisodeOfCare/{episode['id']}": episode,
    }
    if asking.last_day is None or asking.route != "step-down":
        return found
    return found | clocks(Stay(asking.stay, asking.patient, asking.last_day), asking.told)


def asks_for_programme(opened_one: JsonObject) -> bool:
    """Tell whether something that was opened asks to take a person into the programme."""
    if opened_one["resourceType"] == "EpisodeOfCare":
        return True
    codings = opened_one.get("code", {}).get("coding", ())
    is_asked = opened_one["resourceType"] in {"ServiceRequest", "Task"}
    return is_asked and any(each in (PROGRAMME, _REVIEW) for each in codings)


def _request(asking: Asking) -> JsonObject:
    request: JsonObject = {
        "resourceType": "ServiceRequest",
        "id": derived_id(asking.stay, "referral"),
        "status": "active",
        "intent": "order",
        "code": {"coding": [PROGRAMME], "text": PROGRAMME_TEXT},
        "subject": {"reference": asking.patient},
        "encounter": {"reference": asking.stay},
        "authoredOn": asking.told,
        "requester": asking.requester,
    }
    for name, references in (
        ("reasonReference", asking.reasons),
        ("insurance", asking.coverages),
        ("supportingInfo", asking.documents),
    ):
        if references:
            request[name] = [{"reference": each} for each in references]
    return request


def _task(asking: Asking, referral: str) -> JsonObject:
    first = asking.last_day or asking.day
    last = first + timedelta(days=REFERRAL_DAYS)
    return {
        "resourceType": "Task",
        "id": derived_id(asking.stay, "referral-task"),
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [_REVIEW], "text": "Review of a referral"},
        "focus": {"reference": referral},
        "for": {"reference": asking.patient},
        "authoredOn": asking.told,
        "executionPeriod": {"start": asking.told},
        "requester": asking.requester,
        "owner": owner("referral"),
        "restriction": {"period": {"start": first.isoformat(), "end": last.isoformat()}},
    }
