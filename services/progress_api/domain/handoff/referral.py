"""What a handoff asks of a clinic: the referral, its Task and clocks, and where the document is.

All of it in one transaction, under ids derived from the handoff; a part that exists already is
never written over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.progress_api.domain.handoff.composition import TITLE, TYPE
from services.progress_api.domain.handoff.policy import ANSWER_DAYS, CLOCKS
from shared.care.automatic import Act
from shared.care.canonical import CAUSE, code_system, profile
from shared.care.referral import HANDOFF
from shared.care.signed import signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.progress_api.domain.handoff.handoff import Handoff
    from services.progress_api.domain.handoff.policy import Clock
    from shared.fhir.reader import JsonObject

_CREATED: Final[JsonObject] = {
    "coding": [{"system": code_system("referral"), "code": "2.0"}],
    "text": "Service Request Created",
}
_AFTERCARE: Final = {"system": code_system("programme"), "code": "aftercare"}
_FHIR_JSON: Final = "application/fhir+json"


def service_request(handoff: Handoff, conditions: Sequence[JsonObject]) -> JsonObject:
    """Write the referral to aftercare, because of the person's current conditions."""
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
    return written


def transaction(
    handoff: Handoff, document: JsonObject, referral: JsonObject, *, last_visit: str | None
) -> JsonObject:
    """Ask for everything that a handoff makes, signed by the clinician."""
    clocks = [_clock(each, handoff, last_visit) for each in CLOCKS]
    parts = [document, _document_reference(handoff), referral, _task(handoff), *clocks]
    act = Act(
        targets=[f"{each['resourceType']}/{each['id']}" for each in parts],
        sources=[f"{handoff.episode_reference}/_history/{handoff.episode['meta']['versionId']}"],
        recorded=handoff.recorded,
    )
    said = signed(handoff.clinician, act, reason=handoff.reason)
    parts.append(said | {"id": handoff.id_of("provenance")})
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(_entries(parts))}


def _entries(parts: Sequence[JsonObject]) -> Iterator[dict[str, Any]]:
    for each in parts:
        url = f"{each['resourceType']}/{each['id']}"
        request = {"method": "PUT", "url": url, "ifNoneMatch": "*"}
        yield {"fullUrl": f"urn:uuid:{each['id']}", "resource": each, "request": request}


def _document_reference(handoff: Handoff) -> JsonObject:
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
    return {
        **_asked(handoff, "task"),
        "businessStatus": _CREATED,
        "code": {"coding": [HANDOFF], "text": "Handoff to aftercare"},
        "focus": {"reference": f"ServiceRequest/{handoff.id_of('referral')}"},
        "reasonReference": {"reference": handoff.episode_reference},
        "restriction": {"period": handoff.window(0, ANSWER_DAYS)},
        "input": [{"type": TYPE, "valueReference": document}],
    }


def _clock(clock: Clock, handoff: Handoff, last_visit: str | None) -> JsonObject:
    return {
        **_asked(handoff, clock.code),
        "basedOn": [{"reference": f"ServiceRequest/{handoff.id_of('referral')}"}],
        "code": {
            "coding": [{"system": code_system("clock"), "code": clock.code}],
            "text": clock.text,
        },
        "focus": {"reference": last_visit or handoff.episode_reference},
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
        "for": {"reference": handoff.patient},
        "authoredOn": handoff.recorded,
        "requester": {"reference": handoff.clinician},
        "owner": {"reference": handoff.recipient},
    }


def _identifiers(handoff: Handoff) -> list[JsonObject]:
    return [{"system": CAUSE, "value": handoff.cause}]
