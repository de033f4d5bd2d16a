"""Responses to the instruments, as tests of the journey send them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shared.care.canonical import CANONICAL
from shared.care.instruments.registry import instrument_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Resource = dict[str, Any]
LOINC = "http://loinc.org"
ITEM_9 = "44260-8"
PHQ_9 = (
    *("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3"),
    ITEM_9,
)
GAD_7 = ("69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7")
C_SSRS = ("93246-7", "93247-5", "93248-3", "93249-1", "93250-9", "93267-3", "93269-9")
ITEMS = {"phq-9": PHQ_9, "gad-7": GAD_7, "c-ssrs-screener": C_SSRS}


def answered(name: str, counts: Mapping[str, int | None]) -> list[Resource]:
    """Answer items by what the answers count; None leaves one out."""
    instrument = instrument_of(f"{CANONICAL}/Questionnaire/{name}")
    assert instrument is not None
    chosen = {
        code: instrument.option(code, count) for code, count in counts.items() if count is not None
    }
    return [
        {"linkId": code, "answer": [{"valueInteger": option.value}]}
        if instrument.is_counted(code)
        else item(code, option.code, option.system)
        for code, option in chosen.items()
    ]


def canonical_of(name: str) -> str:
    """The canonical of an instrument, in today's version."""
    url = f"{CANONICAL}/Questionnaire/{name}"
    instrument = instrument_of(url)
    assert instrument is not None
    return f"{url}|{instrument.version}"


def item(link_id: str, answer: str, system: str = LOINC) -> Resource:
    return {
        "linkId": link_id,
        "answer": [{"valueCoding": {"system": system, "code": answer}}],
    }


def response(
    name: str, subject: Resource, authored: str, counts: Mapping[str, int | None] | None = None
) -> Resource:
    """A completed response in which every item counts nothing, but for the counts given."""
    told = dict.fromkeys(ITEMS.get(name, ()), 0) | dict(counts or {})
    return {
        "resourceType": "QuestionnaireResponse",
        "id": f"r-{uuid.uuid4()}",
        "questionnaire": canonical_of(name),
        "status": "completed",
        "subject": subject,
        "source": subject,
        "authored": authored,
        "item": answered(name, told),
    }
