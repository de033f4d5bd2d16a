"""The Composition of a transfer summary: every required section, filled or said to be empty.

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.narrative import paragraphs, table_of
from services.progress_api.domain.handoff.policy import EMPTY_REASON, EMPTY_TEXT, SECTIONS
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.handoff.handoff import Handoff
    from services.progress_api.domain.handoff.policy import Section
    from services.progress_api.domain.handoff.record import Record
    from shared.fhir.reader import JsonObject

LOINC: Final = "http://loinc.org"
TITLE: Final = "Transfer summary"
TYPE: Final[JsonObject] = {
    "coding": [{"system": LOINC, "code": "18761-7", "display": "Transfer summary note"}],
    "text": TITLE,
}


def composition(
    handoff: Handoff, record: Record, referral: JsonObject, encounters: Sequence[JsonObject]
) -> JsonObject:
    """Write the summary: sections in their order, and the encounters that it documents."""
    written: JsonObject = {
        "resourceType": "Composition",
        "id": handoff.id_of("composition"),
        "text": paragraphs(_summary(handoff)),
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
                    *({"reference": _reference(each)} for each in encounters),
                ],
            }
        ],
        "section": [_section(each, handoff, record, referral) for each in SECTIONS],
    }
    custodian = handoff.episode.get("managingOrganization")
    return written | ({"custodian": custodian} if custodian else {})


def _section(
    section: Section, handoff: Handoff, record: Record, referral: JsonObject
) -> JsonObject:
    is_asked = any(each.keep == "asked" for each in section.holds)
    entries = [referral] if is_asked else record.shown(section)
    system = LOINC if section.code[0].isdigit() else code_system("document-section")
    written: JsonObject = {
        "title": section.title,
        "code": {"coding": [{"system": system, "code": section.code}], "text": section.title},
    }
    if not entries:
        return written | {"text": paragraphs([EMPTY_TEXT]), "emptyReason": EMPTY_REASON}
    text = (
        paragraphs(["Aftercare.", *filter(None, [handoff.reason])])
        if is_asked
        else table_of(entries, record.reading)
    )
    return written | {"text": text, "entry": [{"reference": _reference(each)} for each in entries]}


def _summary(handoff: Handoff) -> list[str]:
    told = f"{TITLE} of {handoff.day.isoformat()}, at the end of an intensive outpatient programme."
    return [told, *filter(None, [handoff.reason])]


def _period(handoff: Handoff) -> JsonObject:
    start = handoff.episode.get("period", {}).get("start")
    return ({"start": start} if start else {}) | {"end": handoff.recorded}


def _reference(resource: JsonObject) -> str:
    return f"{resource['resourceType']}/{resource['id']}"
