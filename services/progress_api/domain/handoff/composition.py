"""The Composition of a transfer summary: every required section, filled or said to be empty.

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.narrative import narrative, paragraphs
from services.progress_api.domain.handoff.policy import SECTIONS
from services.progress_api.domain.handoff.sections import (
    LOINC,
    consent_section,
    reference_to,
    section,
)
from services.progress_api.domain.handoff.summary import summary
from shared.fhir.dates import not_before

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.handoff.handoff import Handoff
    from services.progress_api.domain.handoff.record import Record
    from shared.fhir.reader import JsonObject

TITLE: Final = "Transfer summary"
TYPE: Final[JsonObject] = {
    "coding": [{"system": LOINC, "code": "18761-7", "display": "Transfer summary note"}],
    "text": TITLE,
}


def composition(
    handoff: Handoff,
    record: Record,
    referral: JsonObject,
    encounters: Sequence[JsonObject],
    consents: Sequence[JsonObject] = (),
) -> JsonObject:
    """Write the summary: sections in their order, and the encounters that it documents.

    `consents` are those by which something protected is told.
    """
    sections = [section(each, record, referral) for each in SECTIONS]
    written: JsonObject = {
        "resourceType": "Composition",
        "id": handoff.id_of("composition"),
        "text": narrative(paragraphs(summary(TITLE, handoff, record))),
        "status": "final",
        "type": TYPE,
        "subject": {"reference": handoff.patient},
        "date": handoff.recorded,
        "author": [{"reference": handoff.clinician}],
        "title": TITLE,
        "event": [
            {
                "period": _period(handoff),
                "detail": [
                    {"reference": handoff.episode_reference},
                    *map(reference_to, encounters),
                ],
            }
        ],
        "section": [*sections, *([consent_section(consents)] if consents else [])],
    }
    custodian = handoff.episode.get("managingOrganization")
    return written | ({"custodian": custodian} if custodian else {})


def _period(handoff: Handoff) -> JsonObject:
    start = handoff.episode.get("period", {}).get("start")
    if not start:
        return {"end": handoff.recorded}
    return {"start": start, "end": not_before(handoff.recorded, start)}
