"""The sections of a transfer summary: each shows what it holds, or says that there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.course import course
from services.progress_api.domain.handoff.disclosure import TOLD
from services.progress_api.domain.handoff.medications import reconciled
from services.progress_api.domain.handoff.narrative import (
    narrative,
    paragraphs,
    table_of,
    table_of_course,
    table_of_medicines,
)
from services.progress_api.domain.handoff.policy import EMPTY_REASON, EMPTY_TEXT
from shared.care.canonical import code_system

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.progress_api.domain.handoff.policy import Section
    from services.progress_api.domain.handoff.record import Record
    from shared.fhir.reader import JsonObject

LOINC: Final = "http://loinc.org"


def reference_to(resource: JsonObject) -> JsonObject:
    """Refer to a resource."""
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def section(asked: Section, record: Record, referral: JsonObject) -> JsonObject:
    """Write a section, with its parts; the one that asks for something holds the referral."""
    if any(each.keep == "asked" for each in asked.holds):
        reasons = [each["text"] for each in referral.get("reasonCode", ())]
        text = narrative(paragraphs(["Aftercare.", *reasons]))
        return _headed(asked.title, asked.code) | {"text": text, "entry": [reference_to(referral)]}
    entries = record.shown(asked)
    written = _headed(asked.title, asked.code)
    if entries:
        written |= {"text": narrative(*_told(asked, entries, record))}
        written |= {"entry": [reference_to(each) for each in entries]}
    else:
        written |= {"text": narrative(paragraphs([EMPTY_TEXT])), "emptyReason": EMPTY_REASON}
    parts = [section(each, record, referral) for each in asked.parts]
    return written | ({"section": parts} if parts else {})


def consent_section(consents: Sequence[JsonObject]) -> JsonObject:
    """Write the notice that goes along with what is protected, with the consents behind it."""
    text = narrative(paragraphs([TOLD["notice"]]))
    entries = [reference_to(each) for each in consents]
    return _headed(TOLD["title"], TOLD["code"]) | {"text": text, "entry": entries}


def _headed(title: str, code: str) -> JsonObject:
    system = LOINC if code[0].isdigit() else code_system("document-section")
    return {"title": title, "code": {"coding": [{"system": system, "code": code}], "text": title}}


def _told(asked: Section, entries: Sequence[JsonObject], record: Record) -> list[str]:
    if asked.told == "medicines":
        return [table_of_medicines(reconciled(entries))]
    measures = course(entries, record.reading) if asked.told == "course" else []
    return [table_of_course(measures), table_of(entries, record.reading)]
