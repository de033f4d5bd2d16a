"""The answer to a message: a message of our own, the same at every repetition.

https://hl7.org/fhir/R4/messaging.html#3.4.1.4
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.care.automatic import derived_id

if TYPE_CHECKING:
    from services.intake_api.domain.notice.message import Notice
    from shared.fhir.reader import JsonObject


def answer(notice: Notice, base: str, received: str) -> JsonObject:
    """Say that a notice was taken; `received` is the instant at which it first was."""
    header_id = derived_id(f"message/{notice.name}", "response")
    header = {
        "resourceType": "MessageHeader",
        "id": header_id,
        "eventCoding": notice.header["eventCoding"],
        "destination": [{"endpoint": notice.endpoint}],
        "source": {"name": "Stepdown", "endpoint": base},
        "response": {"identifier": notice.header["id"], "code": "ok"},
    }
    return {
        "resourceType": "Bundle",
        "id": derived_id(f"message/{notice.name}", "answer"),
        "type": "message",
        "timestamp": received,
        "entry": [{"fullUrl": f"urn:uuid:{header_id}", "resource": header}],
    }
