"""A row of the audit as an AuditEvent; pure.

The codes of its entities, and of a disclosure, are those of IHE's Basic Audit Log Patterns.
https://hl7.org/fhir/R4/auditevent.html
https://profiles.ihe.net/ITI/BALP/content.html
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC
from typing import TYPE_CHECKING, Final

from shared.fhir.definitions import TYPE_NAME
from shared.fhir.writer import write
from shared.server.served import interactions_of
from shared.store.audit_codes import (
    ACTIONS,
    DICOM_SYSTEM,
    DISCLOSE,
    ENTITY_TYPE_SYSTEM,
    EVENT_TYPE_SYSTEM,
    EXPORT,
    FETCHED,
    FETCHED_BY,
    FETCHED_WITH,
    FETCHES,
    INTERACTION_SYSTEM,
    LIFECYCLE_SYSTEM,
    REQUEST_TYPE_SYSTEM,
    ROLE_SYSTEM,
    SEARCHES,
    SERVICE_SYSTEM,
    UNNAMED,
    outcome_of,
)
from shared.store.version import Key, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.fhir.reader import JsonObject
    from shared.store.audit import Audited, AuditRow

_REST: Final = {
    "system": EVENT_TYPE_SYSTEM,
    "code": "rest",
    "display": "RESTful Operation",
}
_EXPORT: Final = {"system": DICOM_SYSTEM, "code": EXPORT, "display": "Export"}
_DISCLOSED: Final = {"system": LIFECYCLE_SYSTEM, "code": DISCLOSE}
_SOURCE: Final = {"system": DICOM_SYSTEM, "code": "110153", "display": "Source Role ID"}
_DESTINATION: Final = {"system": DICOM_SYSTEM, "code": "110152", "display": "Destination Role ID"}
_TREATMENT: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "TREAT",
    "display": "treatment",
}
_SERVER: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
    "code": "4",
    "display": "Application Server",
}
_PERSON: Final = {
    "system": ENTITY_TYPE_SYSTEM,
    "code": "1",
    "display": "Person",
}
_OBJECT: Final = {
    "system": ENTITY_TYPE_SYSTEM,
    "code": "2",
    "display": "System Object",
}
_REQUEST: Final = {
    "system": REQUEST_TYPE_SYSTEM,
    "code": "XrequestId",
}


def audit_event(audited: Audited) -> JsonObject:
    """Show a row of the audit as the resource that R4 has for it."""
    row = audited.row
    recorded = row.recorded.astimezone(UTC).isoformat(timespec="microseconds")
    at = recorded.replace("+00:00", "Z")
    return {
        "resourceType": "AuditEvent",
        "id": audited.id,
        "meta": {"versionId": "1", "lastUpdated": at},
        "type": _EXPORT if row.interaction == DISCLOSE else _REST,
        **_subtype(row),
        "action": ACTIONS[row.interaction],
        "recorded": at,
        "outcome": outcome_of(row.status),
        "outcomeDesc": f"HTTP status {row.status}",
        **({"purposeOfEvent": [{"coding": [_TREATMENT]}]} if _is_disclosure(row) else {}),
        "agent": _agents(row),
        "source": {"observer": _service(row), "type": [_SERVER]},
        "entity": list(_entities(audited)),
    }


def version_of_event(audited: Audited) -> Version:
    """Make of a row of the audit the only version of its AuditEvent."""
    recorded, body = audited.row.recorded, write(audit_event(audited))
    key = Key("AuditEvent", audited.id)
    return Version(key, audited.position, 1, recorded, deleted=False, method="POST", body=body)


def _subtype(row: AuditRow) -> JsonObject:
    if row.interaction == UNNAMED:
        return {}
    told = [{"system": INTERACTION_SYSTEM, "code": row.interaction}]
    if row.interaction == DISCLOSE:
        told = []
    return {"subtype": [*told, *([_DISCLOSED] if _is_disclosure(row) else [])]}


def _is_disclosure(row: AuditRow) -> bool:
    """Tell whether something went to somebody outside: sent there, or fetched by them."""
    is_fetched = row.interaction in FETCHES and row.type in FETCHED and row.status == FETCHED_WITH
    by_partner = row.caller is not None and row.caller.startswith(FETCHED_BY)
    return row.interaction == DISCLOSE or (is_fetched and by_partner)


def _agents(row: AuditRow) -> list[JsonObject]:
    if row.interaction != DISCLOSE:
        return [{"who": _who(row), "requestor": True}]
    return [
        {"type": {"coding": [_DESTINATION]}, "who": _who(row), "requestor": False},
        {"type": {"coding": [_SOURCE]}, "who": _service(row), "requestor": True},
    ]


def _who(row: AuditRow) -> JsonObject:
    return {"display": "anonymous"} if row.caller is None else {"reference": row.caller}


def _service(row: AuditRow) -> JsonObject:
    title = f"{row.service}_api"
    return {"identifier": {"system": SERVICE_SYSTEM, "value": title}, "display": title}


def _entities(audited: Audited) -> Iterator[JsonObject]:
    row = audited.row
    resource_type = TYPE_NAME.get(row.type or 0)
    asked = _asked(row, resource_type)
    if resource_type is not None and row.interaction not in SEARCHES:
        yield {**_resource(row, resource_type), "type": _OBJECT, "role": _role("4")}
    if audited.patient is not None:
        what = {"reference": f"Patient/{audited.patient}"}
        yield {"what": what, "type": _PERSON, "role": _role("1")}
    if asked:
        query = b64encode(asked.encode()).decode()
        yield {"type": _OBJECT, "role": _role("24"), "query": query}
    yield {"what": {"identifier": {"value": row.request_id}}, "type": _REQUEST}


def _resource(row: AuditRow, resource_type: str) -> JsonObject:
    if row.id is None:
        return {"name": resource_type}
    reference = f"{resource_type}/{row.id}"
    if row.version is not None and "vread" in interactions_of(resource_type):
        reference += f"/_history/{row.version}"
    return {"what": {"reference": reference}}


def _asked(row: AuditRow, resource_type: str | None) -> str:
    address = "/".join(part for part in (resource_type, row.id) if part)
    if row.query is None:
        return address if row.interaction in SEARCHES else ""
    return f"{address}?{row.query}"


def _role(code: str) -> JsonObject:
    return {"system": ROLE_SYSTEM, "code": code, "display": _ROLES[code]}


_ROLES: Final = {"1": "Patient", "4": "Domain Resource", "24": "Query"}
