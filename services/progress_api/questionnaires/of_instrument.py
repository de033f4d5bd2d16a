"""An instrument as a Questionnaire: with its wording where that is free, with topics elsewhere.

https://hl7.org/fhir/R4/questionnaire.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.progress_api.questionnaires.branches import enable_when
from shared.care.instruments.score import LOINC

if TYPE_CHECKING:
    from shared.care.instruments.instrument import Instrument, Item, Option, Wording
    from shared.fhir.reader import JsonObject

_SDC: Final = "http://hl7.org/fhir/uv/sdc"
_INITIAL: Final = f"{_SDC}/StructureDefinition/sdc-questionnaire-initialExpression"
_LAUNCH: Final = f"{_SDC}/StructureDefinition/sdc-questionnaire-launchContext"
_PATIENT: Final = {"system": f"{_SDC}/CodeSystem/launchContext", "code": "patient"}
_STRUCTURE: Final = "http://hl7.org/fhir/StructureDefinition"
_DATE: Final = "2026-11-22"
_TEXTS: Final[dict[Wording, str]] = {
    "carried": "",
    "topics": "The texts here are ours and name topics only.",
    "held": "The texts here are ours and name topics only; a copy of the wording may be loaded by "
    "who holds a licence.",
}
_LOINC_NOTICE: Final = (
    "LOINC codes: this material contains content from LOINC (http://loinc.org). LOINC is copyright "
    "Regenstrief Institute, Inc. and the LOINC Committee, and is available at no cost under the "
    "license at http://loinc.org/license."
)


def questionnaire_of(instrument: Instrument) -> JsonObject:
    """Make the Questionnaire of an instrument."""
    questionnaire: dict[str, Any] = {
        "resourceType": "Questionnaire",
        "id": instrument.name,
        "extension": [_launch_context()],
        "url": instrument.questionnaires[0],
        "version": instrument.version,
        "name": _name(instrument.title),
        "title": _title(instrument),
        "status": "active",
        "experimental": False,
        "subjectType": ["Patient"],
        "date": _DATE,
        "publisher": "Stepdown",
        "description": instrument.description,
        "copyright": _copyright(instrument),
        "code": [{"system": LOINC, "code": instrument.panel}],
        "item": [*_lead(instrument), *(_item(instrument, each) for each in instrument.items)],
    }
    left_out = {
        *(() if instrument.panel else ("code",)),
        *(() if any(each.prefilled for each in instrument.items) else ("extension",)),
    }
    return {name: value for name, value in questionnaire.items() if name not in left_out}


def _launch_context() -> JsonObject:
    parts = (("name", "valueCoding", _PATIENT), ("type", "valueCode", "Patient"))
    return {"url": _LAUNCH, "extension": [{"url": url, name: value} for url, name, value in parts]}


def _name(title: str) -> str:
    words = title.replace("-", " ").split()
    return "".join(f"{word[0].upper()}{word[1:]}" for word in words)


def _title(instrument: Instrument) -> str:
    if instrument.wording == "held":
        return f"{instrument.title}: topics without the wording"
    return instrument.title


def _copyright(instrument: Instrument) -> str:
    told = (
        instrument.attribution,
        instrument.licence,
        f"Allowed: {instrument.allowed_use[0].lower()}{instrument.allowed_use[1:]}",
        _TEXTS[instrument.wording],
        _LOINC_NOTICE if _has_loinc(instrument) else "",
    )
    return " ".join(each for each in told if each)


def _has_loinc(instrument: Instrument) -> bool:
    answers = [option.system for options in instrument.options.values() for option in options]
    return LOINC in {*answers, *(item.system for item in instrument.items)}


def _lead(instrument: Instrument) -> list[JsonObject]:
    if instrument.lead is None:
        return []
    return [{"linkId": "lead", "type": "display", "text": instrument.lead}]


def _item(instrument: Instrument, item: Item) -> JsonObject:
    asked: dict[str, Any] = {
        "linkId": item.code,
        "code": [{"system": item.system, "code": item.code}],
        "text": item.text or f"Topic: {item.topic}",
    }
    if item.number:
        asked["prefix"] = f"{item.number}."
    if item.prefilled:
        expression = {"language": "text/fhirpath", "expression": item.prefilled}
        asked["extension"] = [{"url": _INITIAL, "valueExpression": expression}]
    return asked | enable_when(instrument, item.code) | _answers(instrument, item)


def _answers(instrument: Instrument, item: Item) -> JsonObject:
    options = instrument.options_of(item.code)
    if instrument.is_counted(item.code):
        values = [option.value for option in options]
        ends = (("minValue", min(values)), ("maxValue", max(values)))
        limits = [{"url": f"{_STRUCTURE}/{name}", "valueInteger": end} for name, end in ends]
        return {"type": "integer", "extension": limits}
    scored = any(item.code in score.items for score in instrument.scores)
    return {"type": "choice", "answerOption": [_option(each, scored) for each in options]}


def _option(option: Option, scored: bool) -> JsonObject:  # noqa: FBT001 - what it says of itself
    coding = {"system": option.system, "code": option.code, "display": option.display}
    if not scored:
        return {"valueCoding": coding}
    ordinal = {"url": f"{_STRUCTURE}/ordinalValue", "valueDecimal": option.value}
    return {"extension": [ordinal], "valueCoding": coding}
