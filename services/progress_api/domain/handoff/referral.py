"""What a handoff asks of a clinic: the referral, its Task and clocks, and where the document is.

All of it in one transaction, under ids derived from the handoff; a part that exists already is
never written over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.composition import TITLE, TYPE
from services.progress_api.domain.handoff.policy import ANSWER_DAYS, CLOCKS
from shared.care.automatic import Act, derived_id
from shared.care.canonical import CAUSE, code_system, profile
from shared.care.elsewhere import known_as
from shared.care.referral import HANDOFF
from shared.care.referral.task import business_status
from shared.care.signed import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.handoff.handoff import Handoff
    from services.progress_api.domain.handoff.policy import Clock
    from shared.fhir.reader import JsonObject

# A clinic that keeps to the plain states of a Task finds no business status in it.
_SENT: Final[JsonObject] = {"status": "received", "businessStatus": business_status("2.0")}
_AFTERCARE: Final = {"system": code_system("programme"), "code": "aftercare"}
_REPLACED: Final = "Another handoff replaces this one."
_FHIR_JSON: Final = "application/fhir+json"


def service_request(
    handoff: Handoff, conditions: Sequence[JsonObject], lapsed: Sequence[JsonObject]
) -> JsonObject:
    """Write the referral to aftercare, because of the person's current conditions.

    It replaces the referrals that came to nothing.
    """
    written: JsonObject = {
        "resourceType": "ServiceRequest",
        "id": handoff.id_of("referral"),
        "identifier": _identifiers(handoff),
        "status": "active",
        "intent": "order",
        "code": {"coding": [_AFTERCARE], "text": "Aftercare"},
        "subject": {"reference": handoff.patient},
        "authoredOn": handoff.recorded,
        "requester": {"reference": handoff.clinician},
        "performer": [{"reference": handoff.recipient}],
        "supportingInfo": [{"reference": handoff.episode_reference}],
    }
    if handoff.reason:
        written["reasonCode"] = [{"text": handoff.reason}]
    if conditions:
        written["reasonReference"] = [
            {"reference": f"Condition/{each['id']}"} for each in conditions
        ]
    if replaced := [each["id"] for each in lapsed if each["resourceType"] == "ServiceRequest"]:
        written["replaces"] = [{"reference": f"ServiceRequest/{each}"} for each in replaced]
    return written


def ended(lapsed: JsonObject) -> JsonObject:
    """End what an earlier handoff left behind: its referral, or a clock that still runs."""
    if lapsed["resourceType"] == "ServiceRequest":
        return lapsed | {"status": "revoked"}
    return lapsed | {"status": "cancelled", "statusReason": {"text": _REPLACED}}


def transaction(
    handoff: Handoff,
    made: Sequence[JsonObject],
    referral: JsonObject,
    *,
    last_visit: str | None,
    lapsed: Sequence[JsonObject],
) -> JsonObject:
    """Ask for everything that a handoff makes and ends, signed by the clinician.

    `made` is the document, and the plan of the aftercare where there is one.
    """
    document, *_ = made
    clocks = [_clock(each, handoff, last_visit) for each in CLOCKS]
    summary = _document_reference(handoff, document["meta"]["security"])
    parts = [*made, summary, referral, _task(handoff), *clocks]
    act = Act(
        targets=[_reference(each) for each in (*parts, *lapsed)],
        sources=[f"{handoff.episode_reference}/_history/{handoff.episode['meta']['versionId']}"],
        recorded=handoff.recorded,
    )
    said = signed(handoff.clinician, act, reason=handoff.reason)
    parts.append(said | {"id": handoff.id_of("provenance")})
    entries = [*(_entry(each, ifNoneMatch="*") for each in parts), *map(_ending, lapsed)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _ending(lapsed: JsonObject) -> JsonObject:
    return _entry(ended(lapsed), ifMatch=f'W/"{lapsed["meta"]["versionId"]}"')


def _entry(resource: JsonObject, **condition: str) -> JsonObject:
    request = {"method": "PUT", "url": _reference(resource), **condition}
    return {
        "fullUrl": f"urn:uuid:{derived_id(_reference(resource), 'handoff')}",
        "resource": resource,
        "request": request,
    }


def _reference(resource: JsonObject) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _document_reference(handoff: Handoff, labels: Sequence[JsonObject]) -> JsonObject:
    bundle = f"Bundle/{handoff.id_of('document')}"
    written: JsonObject = {
        "resourceType": "DocumentReference",
        "id": handoff.id_of("document-reference"),
        "masterIdentifier": {"system": CAUSE, "value": handoff.cause},
        "status": "current",
        "docStatus": "final",
        "type": TYPE,
        "subject": {"reference": handoff.patient},
        "date": handoff.recorded,
        "author": [{"reference": handoff.clinician}],
        "securityLabel": [{"coding": [each]} for each in labels],
        "content": [{"attachment": {"contentType": _FHIR_JSON, "url": bundle, "title": TITLE}}],
        "context": {
            "encounter": [{"reference": handoff.episode_reference}],
            "related": [{"reference": f"ServiceRequest/{handoff.id_of('referral')}"}],
        },
    }
    custodian = handoff.episode.get("managingOrganization")
    return written | ({"custodian": custodian} if custodian else {})


def _task(handoff: Handoff) -> JsonObject:
    document = {"reference": f"DocumentReference/{handoff.id_of('document-reference')}"}
    asked = _asked(handoff, "task")
    if handoff.address:
        asked["owner"]["identifier"] = known_as(handoff.address)
    return {
        **asked,
        **({} if handoff.is_plain else _SENT),
        "code": {"coding": [HANDOFF], "text": "Handoff to aftercare"},
        "focus": {"reference": f"ServiceRequest/{handoff.id_of('referral')}"},
        "reasonReference": {"reference": handoff.episode_reference},
        "restriction": {"period": handoff.window(0, ANSWER_DAYS)},
        "input": [{"type": TYPE, "valueReference": document}],
    }


def begins_with(handoff: Handoff, last_visit: str | None) -> JsonObject:
    """Refer to what a handoff's clocks begin with: the last visit, or the episode without one."""
    return {"reference": last_visit or handoff.episode_reference}


def _clock(clock: Clock, handoff: Handoff, last_visit: str | None) -> JsonObject:
    return {
        **_asked(handoff, clock.code),
        "basedOn": [{"reference": f"ServiceRequest/{handoff.id_of('referral')}"}],
        "code": {
            "coding": [{"system": code_system("clock"), "code": clock.code}],
            "text": clock.text,
        },
        "focus": begins_with(handoff, last_visit),
        "restriction": {"period": handoff.window(1, clock.days)},
    }


def _asked(handoff: Handoff, part: str) -> JsonObject:
    return {
        "resourceType": "Task",
        "id": handoff.id_of(part),
        "meta": {"profile": [profile("stepdown-task")]},
        "identifier": _identifiers(handoff),
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "for": {"reference": handoff.patient},
        "authoredOn": handoff.recorded,
        "executionPeriod": {"start": handoff.recorded},
        "requester": {"reference": handoff.clinician},
        "owner": {"reference": handoff.recipient},
    }


def _identifiers(handoff: Handoff) -> list[JsonObject]:
    return [{"system": CAUSE, "value": handoff.cause}]
