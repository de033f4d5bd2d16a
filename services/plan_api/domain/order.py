"""One action of a template, as a person's order.

https://hl7.org/fhir/R4/servicerequest.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.plan_api.domain import needs
from services.plan_api.domain.application import canonical_of, last_day
from services.plan_api.domain.goals import pertaining
from services.plan_api.domain.preferred_language import INTERPRETING
from services.plan_api.domain.service import is_elsewhere, is_in_person, service_of
from services.plan_api.domain.unmet import Unmet
from services.plan_api.templates.catalogue import TOPICS, topic

if TYPE_CHECKING:
    from datetime import date

    from services.plan_api.domain.application import Application
    from services.plan_api.domain.needs import Known
    from shared.fhir.reader import JsonObject

_TIMES: Final = {"timingDateTime": "occurrenceDateTime", "timingPeriod": "occurrencePeriod"}
_VIRTUAL: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "code": "VR",
    "display": "virtual",
}
_LANGUAGES: Final = "urn:ietf:bcp:47"
_PSYCHOEDUCATION: Final = "psychoeducation"


@dataclass(frozen=True, slots=True)
class Asked:
    """An action by its key, the definition that it follows, and the template that it is of."""

    key: str
    action: JsonObject
    activity: JsonObject
    template: JsonObject

    def with_action(self, action: JsonObject) -> Asked:
        """Ask for the same at other times."""
        return replace(self, action=action)

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.activity.get("title") or self.action.get("title") or "Activity")


def service_request(asked: Asked, application: Application, known: Known) -> JsonObject:
    """Write the draft order."""
    request = {
        "resourceType": "ServiceRequest",
        "id": application.id_for(f"activity/{asked.key}"),
        **pertaining(asked.action, asked.template, application),
        "status": "draft",
        "intent": "order",
        "code": _code(asked),
        "subject": {"reference": application.patient},
        **_occurrence(asked, application.start),
        "authoredOn": application.recorded,
        "requester": {"reference": application.asked_by},
        **_evidence(asked, application, known),
    }
    said = asked.action.get("description") or asked.activity.get("usage")
    performer = _performer(asked, application)
    optional = {
        "instantiatesCanonical": [canonical_of(asked.activity)] if asked.activity else None,
        "category": asked.activity.get("topic"),
        "orderDetail": _details(asked, application),
        "encounter": {"reference": application.encounter} if application.encounter else None,
        "performer": [{"reference": performer}] if performer else None,
        "locationCode": [{"coding": [_VIRTUAL]}] if _is_virtual(asked, application) else None,
        "note": [{"text": said}] if said else None,
    }
    return request | {name: value for name, value in optional.items() if value}


def by_telehealth(asked: Asked, application: Application) -> list[Unmet]:
    """List what is wished by telehealth and needs the person to be there."""
    if application.preferences.one("telehealth") is not True or not is_in_person(asked.activity):
        return []
    told = f"{asked.title} takes place in person, not by telehealth."
    return [Unmet(service_of(asked.action), "not-by-telehealth", told)]


def nobody_named(asked: Asked, application: Application) -> list[Unmet]:
    """List what somebody of a role gives, where nobody of that role is named."""
    if not asked.action.get("participant") or application.peer_specialist:
        return []
    told = f"{asked.title} is given by a peer specialist, and none is named."
    return [Unmet(service_of(asked.action), "nobody-named", told)]


def _performer(asked: Asked, application: Application) -> str | None:
    if is_elsewhere(asked.activity):
        return None
    return (
        application.peer_specialist if asked.action.get("participant") else application.practitioner
    )


def _is_virtual(asked: Asked, application: Application) -> bool:
    return application.preferences.one("telehealth") is True and not is_in_person(asked.activity)


def _code(asked: Asked) -> JsonObject:
    if "code" in asked.activity:
        return dict(asked.activity["code"])
    return next(iter(asked.action.get("code", ())), {"text": asked.title})


def _details(asked: Asked, application: Application) -> list[JsonObject]:
    service = service_of(asked.action)
    if service == _PSYCHOEDUCATION:
        # Where no topic was chosen, all are taught.
        chosen = [each for each in application.preferences.many("topic") if each in TOPICS]
        return [topic(each) for each in chosen or TOPICS]
    language = application.preferences.one("language")
    if service == INTERPRETING and language:
        return [{"coding": [{"system": _LANGUAGES, "code": language}], "text": language}]
    return []


def _evidence(asked: Asked, application: Application, known: Known) -> JsonObject:
    """Refer to what lets it be ordered: an indication is its reason, a consent supports it."""
    found: dict[str, list[JsonObject]] = {}
    for each in asked.action.get("input", ()):
        name = "reasonReference" if each["type"] == "Condition" else "supportingInfo"
        met = needs.met(each, known, application.start)
        found.setdefault(name, []).extend(
            {"reference": f"{resource['resourceType']}/{resource['id']}"} for resource in met
        )
    return {name: references for name, references in found.items() if references}


def _occurrence(asked: Asked, start: date) -> JsonObject:
    timing = asked.action.get("timingTiming")
    if timing is not None:
        return {"occurrenceTiming": _from_day(timing, start)}
    for name, occurrence in _TIMES.items():
        if name in asked.action:
            return {occurrence: asked.action[name]}
    return {} if is_elsewhere(asked.activity) else {"asNeededBoolean": True}


def _from_day(timing: JsonObject, start: date) -> JsonObject:
    """Let a regular activity begin on a day, and end when its template says."""
    repeat = dict(timing.get("repeat", {}))
    if "boundsPeriod" in repeat:
        return timing
    last = last_day(start, repeat.pop("boundsDuration", {}))
    end = {"end": last.isoformat()} if last else {}
    return timing | {"repeat": {"boundsPeriod": {"start": start.isoformat()} | end} | repeat}
