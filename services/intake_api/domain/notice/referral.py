"""The referral that an inpatient discharge opens: what is asked, and who is to look at it when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.intake_api.domain.follow_up.opening import (
    PROGRAMME_TEXT,
    clocks,
    planned_episode,
)
from services.intake_api.domain.follow_up.windows import REFERRAL_DAYS
from shared.care.automatic import derived_id
from shared.care.canonical import code_system, profile
from shared.care.episode import PROGRAMME

if TYPE_CHECKING:
    from services.intake_api.domain.follow_up.opening import Stay
    from shared.fhir.reader import JsonObject

_REVIEW: Final = {"system": code_system("task"), "code": "referral"}


@dataclass(frozen=True, slots=True)
class Discharge:
    """What the newest discharge notice of a stay says: who asks, when, for what reasons."""

    stay: Stay
    requester: JsonObject
    told: str
    reasons: tuple[str, ...]
    coverages: tuple[str, ...]


def opened(discharge: Discharge) -> dict[str, JsonObject]:
    """Write what a discharge opens, by reference."""
    stay = discharge.stay
    request = _request(discharge)
    referral = f"ServiceRequest/{request['id']}"
    task = _task(discharge, referral)
    episode = planned_episode(
        stay.reference, stay.patient, referral, planned=discharge.told, route="step-down"
    )
    return {
        referral: request,
        f"Task/{task['id']}": task,
        f"EpisodeOfCare/{episode['id']}": episode,
        **clocks(stay, discharge.told),
    }


def _request(discharge: Discharge) -> JsonObject:
    stay = discharge.stay
    request: JsonObject = {
        "resourceType": "ServiceRequest",
        "id": derived_id(stay.reference, "referral"),
        "status": "active",
        "intent": "order",
        "code": {"coding": [PROGRAMME], "text": PROGRAMME_TEXT},
        "subject": {"reference": stay.patient},
        "encounter": {"reference": stay.reference},
        "authoredOn": discharge.told,
        "requester": discharge.requester,
    }
    for name, references in (
        ("reasonReference", discharge.reasons),
        ("insurance", discharge.coverages),
    ):
        if references:
            request[name] = [{"reference": each} for each in references]
    return request


def _task(discharge: Discharge, referral: str) -> JsonObject:
    stay = discharge.stay
    last = stay.last_day + timedelta(days=REFERRAL_DAYS)
    return {
        "resourceType": "Task",
        "id": derived_id(stay.reference, "referral-task"),
        "meta": {"profile": [profile("stepdown-task")]},
        "status": "requested",
        "intent": "order",
        "code": {"coding": [_REVIEW], "text": "Review of a referral"},
        "focus": {"reference": referral},
        "for": {"reference": stay.patient},
        "authoredOn": discharge.told,
        "requester": discharge.requester,
        "restriction": {"period": {"start": stay.last_day.isoformat(), "end": last.isoformat()}},
    }
